"""What is wrong with the SQL of templates and flows, and which columns it yields."""
