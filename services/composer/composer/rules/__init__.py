"""The composer's decisions, and its words for rows: functions of their arguments, without input or output."""
