# Forwards only: ./relevo is the one command.
.PHONY: up test check network
up test check:
	./relevo $@
network:
	./relevo test network
