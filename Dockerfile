# One static program in an empty image: no shell, no root.
#   docker run --rm --volume "$PWD:/repository:ro" ringfence check
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=""
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/ringfence ./cmd/ringfence \
    && mkdir /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/ringfence /usr/bin/ringfence
# For commits that "ringfence diff" writes, and what --fetch brings.
COPY --from=build --chown=65532:65532 /out/tmp /tmp
ENV XDG_CACHE_HOME=/tmp
USER 65532:65532
WORKDIR /repository
ENTRYPOINT ["/usr/bin/ringfence"]
