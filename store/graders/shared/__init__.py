"""What several graders share, and what one of them is made of: no module of this package is a grader."""
