"""Making a bank from questions that somebody has already: files or hub data sets with any column names."""
