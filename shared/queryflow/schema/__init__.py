"""The tables, one file per area, who may write them, and the migrations."""
