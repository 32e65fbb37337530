"""Labels that exist already, in the forms of others: read, mapped to our classes, and written."""
