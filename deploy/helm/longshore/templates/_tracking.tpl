{{/* Whether the release has a tracking server. */}}
{{- define "longshore.tracks" -}}
{{- if and .Values.tracking.enabled (not .Values.runtimes.only) }}true{{ end -}}
{{- end -}}

{{/* Whether something of the tracking server is in files: the database, or the artifacts. */}}
{{- define "longshore.trackingOnDisk" -}}
{{- if not (and .Values.tracking.database.secretName .Values.tracking.artifacts.destination) }}true{{ end -}}
{{- end -}}

{{- define "longshore.trackingURL" -}}
http://longshore-tracking.{{ .Release.Namespace }}.svc.{{ .Values.hosts.clusterDomain }}
{{- end -}}

{{/* Hosts that requests may name: those inside the cluster, the ingress, and what else is named. */}}
{{- define "longshore.trackingHosts" -}}
{{- $namespace := .Release.Namespace -}}
{{- /* Prometheus asks a pod by its address */ -}}
{{- $hosts := list "localhost" "localhost:*" "127.0.0.1" "127.0.0.1:*" "$(LONGSHORE_POD_IP):5000" "[$(LONGSHORE_POD_IP)]:5000" -}}
{{- range $name := list "longshore-tracking" (printf "longshore-tracking.%s" $namespace) (printf "longshore-tracking.%s.svc" $namespace) (printf "longshore-tracking.%s.svc.%s" $namespace .Values.hosts.clusterDomain) -}}
{{- $hosts = concat $hosts (list $name (printf "%s:*" $name)) -}}
{{- end -}}
{{- with .Values.tracking.ingress -}}
{{- if .enabled -}}
{{- $hosts = append $hosts .host -}}
{{- end -}}
{{- end -}}
{{- concat $hosts .Values.tracking.allowedHosts | join "," -}}
{{- end -}}

{{/* What the server and its backups have in common: the database, the artifacts, and whatever a pod is given. */}}
{{- define "longshore.trackingEnv" -}}
- name: LONGSHORE_LOG
  value: {{ .Values.log | quote }}
- name: LONGSHORE_POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- if .Values.tracking.database.secretName }}
- name: LONGSHORE_BACKEND_STORE_URI_FILE
  value: /etc/longshore/database/uri
{{- else }}
- name: MLFLOW_BACKEND_STORE_URI
  value: sqlite:////data/mlflow.db
{{- end }}
- name: MLFLOW_ARTIFACTS_DESTINATION
  value: {{ .Values.tracking.artifacts.destination | default "/data/artifacts" | quote }}
{{- with .Values.tracking.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where the server and its backups find users. */}}
{{- define "longshore.trackingUsersEnv" -}}
{{- if .Values.tracking.auth.usersSecretName -}}
- name: MLFLOW_AUTH_CONFIG_PATH
  value: /etc/longshore/users/basic_auth.ini
{{- end -}}
{{- end -}}

{{/* What the server and its backups mount. */}}
{{- define "longshore.trackingMounts" -}}
# what is uploaded is written here first where the store cannot take it piece by piece
- name: tmp
  mountPath: /tmp
{{- if include "longshore.trackingOnDisk" . }}
- name: data
  mountPath: /data
{{- end }}
{{- if .Values.tracking.database.secretName }}
- name: database
  mountPath: /etc/longshore/database
  readOnly: true
{{- end }}
{{- if .Values.tracking.auth.usersSecretName }}
- name: users
  mountPath: /etc/longshore/users
  readOnly: true
{{- end }}
{{- end -}}

{{- define "longshore.trackingVolumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- if include "longshore.trackingOnDisk" . }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.tracking.volume.existingClaim | default "longshore-tracking" }}
{{- end }}
{{- with .Values.tracking.database }}
{{- if .secretName }}
- name: database
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0440
    items: [{key: {{ .secretKey }}, path: uri}]
{{- end }}
{{- end }}
{{- with .Values.tracking.auth.usersSecretName }}
- name: users
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{/* Whether backups are made. */}}
{{- define "longshore.trackingBacksUp" -}}
{{- if and (include "longshore.tracks" .) .Values.tracking.backup.enabled }}true{{ end -}}
{{- end -}}

{{- define "longshore.trackingBackupsVolume" -}}
- name: backups
  persistentVolumeClaim:
    claimName: {{ .Values.tracking.backup.volume.existingClaim | default "longshore-tracking-backups" }}
{{- end -}}
