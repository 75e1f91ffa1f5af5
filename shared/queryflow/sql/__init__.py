"""What the product knows about SQL. Pure: text and values in, text and facts out; nothing here runs a query."""
