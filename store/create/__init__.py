"""Making a bank from questions that somebody already has: files or hub data sets with any column names."""
