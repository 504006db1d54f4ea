"""The vote rules, one a file: a file that ends in `RULE = ...` is found by `vote_rules()`, with no other edit."""
