# The boundary is the same in every account: nothing is to be decided.
