{{/* What the chart itself says to the server; `config` is laid over it. */}}
{{- define "model.config" -}}
{{- $own := dict
  "LONGSHORE_HOST" "0.0.0.0"
  "LONGSHORE_PORT" (toString .Values.ports.http)
  "LONGSHORE_METRICS_PORT" (toString .Values.ports.metrics)
  "LONGSHORE_GRACE_SECONDS" (toString .Values.drain.graceSeconds)
  "LONGSHORE_CACHE_DIR" "/var/cache/longshore"
  "LONGSHORE_CACHE_BYTES" (div (mul (int64 (include "model.bytes" (toString .Values.cache.sizeLimit))) 9) 10 | toString)
  "LONGSHORE_POLL" (toString .Values.model.poll)
  "LONGSHORE_LOG_FORMAT" "json" -}}
{{- with .Values.model.method }}{{- $_ := set $own "LONGSHORE_METHOD" . -}}{{- end -}}
{{- if and (hasPrefix "models:/" .Values.model.uri) (not (regexMatch "^models:/+m-[^/@]*$" .Values.model.uri)) -}}
{{- /* the registry shows the release as one place, however many pods it has */ -}}
{{- $_ := set $own "LONGSHORE_SERVED_AS" (printf "%s/%s" .Release.Namespace (include "model.fullname" .)) -}}
{{- $_ := set $own "LONGSHORE_SERVED_URL" (printf "%s://%s.%s.svc:%v" (include "model.scheme" .) (include "model.fullname" .) .Release.Namespace .Values.service.port) -}}
{{- end -}}
{{- with .Values.model.trackingUri }}{{- $_ := set $own "MLFLOW_TRACKING_URI" . -}}{{- end -}}
{{- with .Values.ports.grpc }}{{- $_ := set $own "LONGSHORE_GRPC_PORT" (toString .) -}}{{- end -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $own "LONGSHORE_TLS_CERT" "/etc/longshore/tls/tls.crt" -}}
{{- $_ := set $own "LONGSHORE_TLS_KEY" "/etc/longshore/tls/tls.key" -}}
{{- end -}}
{{- if .Values.tls.clientCaSecretName -}}
{{- $_ := set $own "LONGSHORE_TLS_CLIENT_CA" "/etc/longshore/client-ca/ca.crt" -}}
{{- $_ := set $own "LONGSHORE_TLS_CLIENT_AUTH" .Values.tls.clientAuth -}}
{{- end -}}
{{- if .Values.apiKeys.secretName }}{{- $_ := set $own "LONGSHORE_API_KEYS" "/etc/longshore/api-keys/keys" -}}{{- end -}}
{{- with .Values.traces.endpoint -}}
{{- $_ := set $own "OTEL_EXPORTER_OTLP_ENDPOINT" . -}}
{{- $_ := set $own "LONGSHORE_TRACE_SAMPLE" (toString $.Values.traces.sample) -}}
{{- end -}}
{{- with .Values.batching.maxSize -}}
{{- $_ := set $own "LONGSHORE_MAX_BATCH_SIZE" (toString .) -}}
{{- $_ := set $own "LONGSHORE_MAX_BATCH_DELAY" $.Values.batching.maxDelay -}}
{{- end -}}
{{- with .Values.outputCache.size }}{{- $_ := set $own "LONGSHORE_OUTPUT_CACHE_BYTES" (include "model.bytes" .) -}}{{- end -}}
{{- with .Values.models.dir -}}
{{- $_ := set $own "LONGSHORE_MODEL_DIR" . -}}
{{- $_ := set $own "LONGSHORE_WATCH" (toString $.Values.models.watch) -}}
{{- $_ := set $own "LONGSHORE_MODEL_CONTROL" (toString $.Values.models.control) -}}
{{- with $.Values.models.maxLoaded }}{{- $_ := set $own "LONGSHORE_MAX_LOADED_BYTES" (include "model.bytes" .) -}}{{- end -}}
{{- end -}}
{{- with .Values.aws.region }}{{- $_ := set $own "AWS_REGION" . -}}{{- end -}}
{{- with .Values.aws.endpointUrl }}{{- $_ := set $own "AWS_ENDPOINT_URL_S3" . -}}{{- end -}}
{{- if .Values.aws.pathStyle }}{{- $_ := set $own "LONGSHORE_S3_PATH_STYLE" "true" -}}{{- end -}}
{{- if ne .Values.aws.identity "none" }}{{- $_ := set $own "AWS_EC2_METADATA_DISABLED" "true" -}}{{- end -}}
{{- range $key, $value := .Values.config }}{{- $_ := set $own $key (toString $value) -}}{{- end -}}
{{- toYaml $own -}}
{{- end -}}
