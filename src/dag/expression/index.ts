// Filled by the expression work; the signatures below are what everyone else codes against.
