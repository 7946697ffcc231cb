"""The list prices of the clouds: read from their price APIs, cached, and looked up by age."""
