{{- define "longshore.account" -}}
{{- range $key := list "environment" "accountId" "region" "repositoryURL" "revision" }}
{{- $value := get $.Values $key | default "" | toString }}
{{- if or (eq $value "") (contains "CHANGE-ME" $value) }}
{{- fail (printf "`%s` is not set: write it into deploy/environments/%s/account.yaml (deploy/environments/check says what)" $key ($.Values.environment | default "ENV")) }}
{{- end }}
{{- end }}
{{- if not (kindIs "string" .Values.accountId) }}
{{- fail (printf "`accountId` in deploy/environments/%s/account.yaml is a number: write it in quotes, or a leading zero is lost" .Values.environment) }}
{{- end }}
{{- end }}
