"""The production set-up: docker-compose.yml, the image, and the drill that runs them."""
