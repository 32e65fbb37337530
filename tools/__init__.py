"""Set-up of a checkout; nothing here is used by the program itself."""
