"""How good the pictures are, measured: what the documents quote. The program never imports it."""
