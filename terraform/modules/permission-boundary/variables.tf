# The boundary is the same in every account: there are no settings.
