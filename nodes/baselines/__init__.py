"""The nodes of the systems that SMACS is compared with."""
