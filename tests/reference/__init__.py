"""Reference values and the builders of test inputs."""
