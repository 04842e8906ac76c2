{{/* What a schema cannot say. Each sentence says what to write. */}}
{{- define "model.validate" -}}
{{- $v := .Values -}}
{{- if not $v.image.repository }}
{{- fail "image.repository is empty: write where the image is, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/longshore" }}
{{- end }}
{{- if and (not $v.image.tag) (not $v.image.digest) }}
{{- fail "image.tag and image.digest are both empty: write the version to run, such as image.tag=0.1.0" }}
{{- end }}
{{- if eq (lower $v.image.tag) "latest" }}
{{- fail "image.tag is `latest`, which names no version and cannot be rolled back to: write a version such as 0.1.0, or image.digest" }}
{{- end }}
{{- if not $v.model.uri }}
{{- fail "model.uri is empty: write where the model is, such as s3://bucket/prefix or models:/name@production, or example://wine to try the chart" }}
{{- end }}
{{- if not (include "model.modelName" .) }}
{{- fail (printf "model.name is empty and `%s` does not name the model: write model.name, the name in the routes" $v.model.uri) }}
{{- end }}
{{- end -}}
