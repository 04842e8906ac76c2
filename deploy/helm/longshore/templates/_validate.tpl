{{/* What a schema cannot say. Each sentence says what to write. */}}
{{- define "longshore.validate" -}}
{{- include "longshore.validateImage" . -}}
{{- include "longshore.validateRoles" . -}}
{{- include "longshore.validateTenants" . -}}
{{- include "longshore.validateTracking" . -}}
{{- include "longshore.validateCluster" . -}}
{{- end -}}

{{- define "longshore.validateImage" -}}
{{- $v := .Values -}}
{{- if not $v.image.repository }}
{{- fail "image.repository is empty: write where the image is, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/longshore" }}
{{- end }}
{{- if and (not $v.image.tag) (not $v.image.digest) }}
{{- fail "image.tag and image.digest are both empty: write the version to run, such as image.tag=0.1.0" }}
{{- end }}
{{- if eq (lower $v.image.tag) "latest" }}
{{- fail "image.tag is `latest`, which names no version and cannot be rolled back to: write a version such as 0.1.0" }}
{{- end }}
{{- end -}}

{{/* Arguments that the chart sets itself, each with the value to write for it: dict role, args, owned. */}}
{{- define "longshore.validateArgs" -}}
{{- range $flag, $value := .owned }}
{{- range $.args }}
{{- if or (eq . $flag) (hasPrefix (printf "%s=" $flag) .) }}
{{- fail (printf "%s in %s.extraArgs would differ from what the chart's objects say: write %s instead" $flag $.role $value) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "longshore.validateRoles" -}}
{{- $v := .Values -}}
{{- $a := $v.gateway.autoscaling -}}
{{- if and $a.enabled (gt (int $a.minReplicas) (int $a.maxReplicas)) }}
{{- fail (printf "gateway.autoscaling.minReplicas is %d and maxReplicas %d: write a maximum of at least %d" (int $a.minReplicas) (int $a.maxReplicas) (int $a.minReplicas)) }}
{{- end }}
{{- if and $v.runtimes.only (not $v.runtimes.enabled) }}
{{- fail "runtimes.only is true and runtimes.enabled false, so nothing would be made: write runtimes.enabled=true" }}
{{- end }}
{{- if and $v.gateway.service.nodePort (or (ne $v.gateway.service.type "NodePort") $v.gateway.nlb.enabled) }}
{{- fail "gateway.service.nodePort is set but the Service is no NodePort: write gateway.service.type=NodePort, or leave it empty" }}
{{- end }}
{{- if and $v.gateway.nlb.certificateArn (not $v.gateway.nlb.enabled) }}
{{- fail "gateway.nlb.certificateArn is set but gateway.nlb.enabled is false: write gateway.nlb.enabled=true" }}
{{- end }}
{{- if and $v.gateway.nlb.certificateArn (ne $v.hosts.scheme "https") }}
{{- fail "the load balancer ends TLS but hosts.scheme is http, so every InferenceService would name a wrong URL: write hosts.scheme=https" }}
{{- end }}
{{- if and $v.gateway.nlb.certificateArn $v.gateway.tls.secretName }}
{{- fail "gateway.nlb.certificateArn and gateway.tls.secretName are both set, and TLS ends in one place: write one of them" }}
{{- end }}
{{- if and (eq $v.gateway.auth.default "jwt") (not $v.gateway.auth.jwt.jwks) }}
{{- fail "gateway.auth.default is jwt, but there are no keys of tokens, so nobody would be let in: write gateway.auth.jwt.jwks" }}
{{- end }}
{{- if and (eq $v.gateway.auth.default "api-key") (not $v.gateway.auth.apiKeysSecretName) }}
{{- fail "gateway.auth.default is api-key, but there are no keys, so nobody would be let in: write gateway.auth.apiKeysSecretName" }}
{{- end }}
{{- if and $v.gateway.auth.jwt.jwks (not (and $v.gateway.auth.jwt.issuer $v.gateway.auth.jwt.audience)) }}
{{- fail "gateway.auth.jwt.jwks is set, but not whose tokens and for whom: write gateway.auth.jwt.issuer and gateway.auth.jwt.audience" }}
{{- end }}
{{- if and (eq $v.hosts.scheme "https") (not $v.gateway.nlb.certificateArn) (not $v.gateway.tls.secretName) (not $v.gateway.service.annotations) (ne $v.gateway.service.type "ClusterIP") }}
{{- fail "hosts.scheme is https, but nothing here ends TLS: write gateway.nlb.certificateArn, gateway.tls.secretName, or gateway.service.annotations for another load balancer" }}
{{- end }}
{{- $owned := dict "--port" "nothing, the chart's objects name it" "--peer-port" "nothing, the operator knows it" "--announce-port" "nothing, the pods of models know it" "--metrics-port" "nothing, the probes name it" "--lease" "nothing, the rights name it" "--image" "image.repository and image.tag" "--gateway-host" "nothing, it is the chart's Service" "--gateway-peers" "nothing, it is the chart's Service" "--ingress-domain" "hosts.domain" "--domain-template" "hosts.domainTemplate" "--path-template" "hosts.pathTemplate" "--url-scheme" "hosts.scheme" "--cluster-domain" "hosts.clusterDomain" "--default-deployment-mode" "defaultDeploymentMode" "--namespace" "operator.namespaces" "--storage-env" "storage.env" "--warm-pool" "pool.enabled" "--pool-replicas" "pool.replicas" "--pool-memory" "pool.memory" "--pool-cache" "pool.cacheSizeLimit" "--pool-resources" "pool.resources" "--pool-ingress" "networkPolicy.metrics.namespaces" "--drain-delay" "gateway.drain.delaySeconds" "--grace-seconds" "gateway.drain.graceSeconds" }}
{{- range $role := list "operator" "gateway" }}
{{- include "longshore.validateArgs" (dict "role" $role "args" (get $v $role).extraArgs "owned" $owned) -}}
{{- end }}
{{- range $key, $value := $v.storage.env }}
{{- if and (regexMatch "(SECRET|PASSWORD|TOKEN|CREDENTIALS|PRIVATE_KEY|ACCESS_KEY)" $key) (not (regexMatch "_(FILE|URI|URL|PATH)$" $key)) (eq $v.environment "production") }}
{{- fail (printf "storage.env.%s is a secret as plain text, in the pods of every tenant, which production refuses: put it into a Secret that the tenant's ServiceAccount names" $key) }}
{{- end }}
{{- end }}
{{- if and (eq $v.environment "production") (not $v.runtimes.only) }}
{{- if lt (int $v.operator.replicas) 2 }}
{{- fail (printf "operator.replicas is %d, and production keeps its services when a node ends: write 2" (int $v.operator.replicas)) }}
{{- end }}
{{- if lt (int (include "longshore.fewestGateways" .)) 2 }}
{{- fail "production runs a single gateway, so the end of its node is an outage of every model: write gateway.replicas=3, or gateway.autoscaling.minReplicas" }}
{{- end }}
{{- if and $v.gateway.nlb.enabled (not $v.gateway.nlb.certificateArn) (not $v.gateway.nlb.allowPlainHTTP) }}
{{- fail "gateway.nlb has no certificate, and production is not served without TLS: write gateway.nlb.certificateArn, or gateway.nlb.allowPlainHTTP=true if that is meant" }}
{{- end }}
{{- end }}
{{- if and $v.gateway.nlb.enabled (eq $v.gateway.nlb.scheme "internet-facing") (not $v.gateway.nlb.certificateArn) }}
{{- fail "gateway.nlb is reachable from the internet without TLS: write gateway.nlb.certificateArn, or gateway.nlb.scheme=internal" }}
{{- end }}
{{- end -}}

{{- define "longshore.validateTracking" -}}
{{- $t := .Values.tracking -}}
{{- if $t.enabled }}
{{- if $.Values.runtimes.only }}
{{- fail "tracking.enabled and runtimes.only are both true, and the second makes nothing but runtimes: write one of them" }}
{{- end }}
{{- if and (gt (int $t.replicas) 1) (include "longshore.trackingOnDisk" .) }}
{{- fail (printf "tracking.replicas is %d, but a volume belongs to one pod: write tracking.database.secretName and tracking.artifacts.destination, or tracking.replicas=1" (int $t.replicas)) }}
{{- end }}
{{- if and (not $t.auth.usersSecretName) (not $t.auth.apiKeysSecretName) (or (not $t.auth.anonymous) (eq $.Values.environment "production")) }}
{{- fail (printf "tracking has neither users nor keys, so whoever reaches it could do everything: write tracking.auth.usersSecretName or tracking.auth.apiKeysSecretName%s" (ternary "" ", or tracking.auth.anonymous=true if that is meant" (eq $.Values.environment "production"))) }}
{{- end }}
{{- if and $t.auth.anonymous (or $t.auth.usersSecretName $t.auth.apiKeysSecretName) }}
{{- fail "tracking.auth.anonymous is true beside users or keys, so these would be for nothing: write false" }}
{{- end }}
{{- if and $t.ingress.enabled (not $t.ingress.host) }}
{{- fail "tracking.ingress.enabled is true, but its host is not known: write tracking.ingress.host" }}
{{- end }}
{{- if and (eq $.Values.environment "production") (include "longshore.trackingOnDisk" .) }}
{{- fail "tracking keeps its database or its artifacts on one pod's volume, and production keeps them when a node or a zone ends: write tracking.database.secretName and tracking.artifacts.destination" }}
{{- end }}
{{- $owned := dict "--host" "nothing, pods listen on every address" "--port" "nothing, the chart's objects name it" "--backend-store-uri" "tracking.database.secretName" "--artifacts-destination" "tracking.artifacts.destination" "--allowed-hosts" "tracking.allowedHosts" "--cors-allowed-origins" "tracking.allowedOrigins" "--api-keys" "tracking.auth.apiKeysSecretName" "--app-name" "tracking.auth.usersSecretName" "--drain-delay" "tracking.drain.delaySeconds" "--grace-seconds" "tracking.drain.graceSeconds" }}
{{- include "longshore.validateArgs" (dict "role" "tracking" "args" $t.extraArgs "owned" $owned) -}}
{{- end }}
{{- end -}}

{{- define "longshore.validateTenants" -}}
{{- $seen := dict .Release.Namespace "this release's own namespace" }}
{{- range $at, $tenant := .Values.tenants }}
{{- if hasKey $seen $tenant.name }}
{{- fail (printf "tenants[%d].name is `%s`, which is %s: write another namespace" $at $tenant.name (get $seen $tenant.name)) }}
{{- end }}
{{- $_ := set $seen $tenant.name "another tenant's" }}
{{- if and (hasKey $tenant "warmPool") (not $tenant.create) }}
{{- fail (printf "tenants[%d].warmPool annotates a namespace that the chart makes, and `%s` is made elsewhere: annotate it there with longshore.dev/warm-pool, or write create: true" $at $tenant.name) }}
{{- end }}
{{- if and $.Values.operator.namespaces (not (has $tenant.name $.Values.operator.namespaces)) }}
{{- fail (printf "tenants[%d].name is `%s`, which the operator does not look at: add it to operator.namespaces" $at $tenant.name) }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What is on the cluster already. Without a cluster (`helm template`) nothing is. */}}
{{- define "longshore.validateCluster" -}}
{{- range $kind := list "serviceMonitor" "prometheusRule" }}
{{- if and (get $.Values.metrics $kind).enabled (not ($.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) }}
{{- fail (printf "metrics.%s.enabled is true, but the cluster has no monitoring.coreos.com/v1: install the Prometheus operator first, or write false; to render without a cluster add --api-versions monitoring.coreos.com/v1" $kind) }}
{{- end }}
{{- end }}
{{- if not .Values.runtimes.only }}
{{- $found := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "inferenceservices.serving.kserve.io" }}
{{- if hasKey (dig "metadata" "annotations" dict (default dict $found)) "controller-gen.kubebuilder.io/version" }}
{{- fail "KServe is installed on this cluster: the definition inferenceservices.serving.kserve.io is its own. Two controllers would fight over every InferenceService: remove KServe first (docs/guides/from-kserve.md), or write runtimes.only=true to let it run its models on this server" }}
{{- end }}
{{- if .Values.knativeProjection.enabled }}
{{- $found := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "services.serving.knative.dev" }}
{{- if and $found (not (hasKey (dig "metadata" "labels" dict $found) "longshore.dev/projection")) }}
{{- fail "knativeProjection.enabled is true, but Knative is installed on this cluster and would run what is only to be read: write false" }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
