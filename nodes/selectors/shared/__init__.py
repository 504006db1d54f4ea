"""What selectors share: what each of them takes and gives, averages of V, and how alike two questions are."""
