# One image for the four services and the command line; the command says which: composer, executor, scheduler, status.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONPATH=/srv/queryflow/shared:/srv/queryflow/services/composer:/srv/queryflow/services/executor:/srv/queryflow/services/scheduler:/srv/queryflow/services/status:/srv/queryflow/cli

RUN useradd --uid 10001 --create-home queryflow
WORKDIR /srv/queryflow

COPY requirements/base.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt

COPY shared shared
COPY services services
COPY cli cli
RUN python -m compileall -q shared services cli

USER queryflow
ENTRYPOINT ["python", "-P", "-m"]
CMD ["queryflow_cli", "--help"]
