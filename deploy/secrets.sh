#!/bin/sh
# Prints an environment file with fresh secrets for docker-compose.yml: sh deploy/secrets.sh > .env
set -eu
umask 077
for name in QUERYFLOW_TOKEN QUERYFLOW_DATABASE_PASSWORD QUERYFLOW_AMQP_PASSWORD QUERYFLOW_OBJECTS_PASSWORD; do
    printf '%s=%s\n' "$name" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
done
