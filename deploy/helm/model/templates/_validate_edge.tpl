{{- define "model.validateEdge" -}}
{{- $v := .Values -}}
{{- if eq $v.service.type "LoadBalancer" }}
{{- fail "service.type LoadBalancer would put the metrics port on the load balancer: write loadBalancer.enabled=true and leave service.type at ClusterIP" }}
{{- end }}
{{- if and $v.service.nodePort (ne $v.service.type "NodePort") }}
{{- fail (printf "service.nodePort is set but service.type is %s: write service.type=NodePort, or leave service.nodePort empty" $v.service.type) }}
{{- end }}
{{- if and $v.gateway.enabled (not $v.gateway.create) (not $v.gateway.parentRefs) }}
{{- fail "gateway.enabled is true but the route belongs to no Gateway: write gateway.parentRefs, or gateway.create=true for one of its own" }}
{{- end }}
{{- if and $v.gateway.create (not $v.gateway.aws) $v.gateway.certificateArn }}
{{- fail "gateway.certificateArn is AWS's, but gateway.aws is false: write gateway.tlsSecret, the name of a TLS Secret" }}
{{- end }}
{{- if and $v.ingress.enabled (ne $v.ingress.className "alb") $v.ingress.certificateArn }}
{{- fail (printf "ingress.certificateArn is the ALB's, but ingress.className is %s: write ingress.tlsSecret, the name of a TLS Secret" $v.ingress.className) }}
{{- end }}
{{- if and $v.ingress.enabled (eq $v.ingress.className "alb") $v.ingress.tlsSecret }}
{{- fail "ingress.tlsSecret is not read by an ALB: write ingress.certificateArn, the ARN of an ACM certificate" }}
{{- end }}
{{- if $v.loadBalancer.enabled }}
{{- include "model.validateDoor" (dict "root" . "key" "loadBalancer" "door" $v.loadBalancer "tls" (or (ne $v.loadBalancer.certificateArn "") (ne $v.tls.secretName "")) "say" "loadBalancer.certificateArn") }}
{{- end }}
{{- if $v.ingress.enabled }}
{{- $tls := or (ne $v.ingress.certificateArn "") (ne $v.ingress.tlsSecret "") }}
{{- include "model.validateDoor" (dict "root" . "key" "ingress" "door" $v.ingress "tls" $tls "say" (ternary "ingress.certificateArn" "ingress.tlsSecret" (eq $v.ingress.className "alb"))) }}
{{- end }}
{{- if and $v.gateway.enabled $v.gateway.create }}
{{- include "model.validateDoor" (dict "root" . "key" "gateway" "door" $v.gateway "tls" (eq (include "model.gatewayListener" .) "https") "say" (ternary "gateway.certificateArn" "gateway.tlsSecret" $v.gateway.aws)) }}
{{- end }}
{{- if and $v.gateway.enabled (eq $v.environment "production") (not $v.edge.allowPlainHTTP) }}
{{- range $v.gateway.parentRefs }}
{{- if not (or .sectionName (eq (int .port) 443)) }}
{{- fail (printf "gateway.parentRefs names the Gateway `%s` but none of its listeners, so production would be served on the plain one as well: write sectionName, the name of its HTTPS listener, or port: 443" .name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* One way in: TLS in production and in public, and in public a word on who may call. */}}
{{- define "model.validateDoor" -}}
{{- $edge := .root.Values.edge -}}
{{- $public := eq .door.scheme "internet-facing" -}}
{{- if and $public (not $edge.allowPublic) }}
{{- fail (printf "%s.scheme is internet-facing: write edge.allowPublic=true if that is meant, or %s.scheme=internal" .key .key) }}
{{- end }}
{{- if and $public (not .tls) }}
{{- fail (printf "%s is reachable from the internet without TLS: write %s" .key .say) }}
{{- end }}
{{- $annotations := default dict .door.annotations -}}
{{- $guarded := and (hasKey $annotations "alb.ingress.kubernetes.io/auth-type") (ne (get $annotations "alb.ingress.kubernetes.io/auth-type") "none") -}}
{{- $ranged := and .door.sourceRanges (not (has "0.0.0.0/0" .door.sourceRanges)) (not (has "::/0" .door.sourceRanges)) -}}
{{- if and $public (not $guarded) (not $ranged) (not .root.Values.apiKeys.secretName) (not (include "model.certificateWanted" .root)) (not $edge.allowUnauthenticated) }}
{{- fail (printf "%s is reachable from the internet by anyone, and the server asks nobody for a key: write %s.sourceRanges, apiKeys.secretName, or edge.allowUnauthenticated=true if that is meant" .key .key) }}
{{- end }}
{{- if and (eq .root.Values.environment "production") (not .tls) (not $edge.allowPlainHTTP) }}
{{- fail (printf "%s has no certificate, and production is not served without TLS: write %s, or edge.allowPlainHTTP=true if that is meant" .key .say) }}
{{- end }}
{{- end -}}

{{- define "model.validateNetwork" -}}
{{- $v := .Values -}}
{{- if and $v.networkPolicy.enabled (include "model.edge" .) (not $v.networkPolicy.ingress.cidrs) (not $v.networkPolicy.ingress.namespaces) (not $v.networkPolicy.ingress.extra) }}
{{- fail "networkPolicy would keep the load balancer out: write networkPolicy.ingress.cidrs, the ranges of its subnets (or the VPC's, such as 10.0.0.0/16), or networkPolicy.ingress.namespaces for a gateway that runs as pods" }}
{{- end }}
{{- range $kind := list "postgres" "mongodb" "redis" }}
{{- $store := get $v.networkPolicy.egress $kind }}
{{- if and $v.networkPolicy.enabled $store.enabled (not $store.cidrs) }}
{{- fail (printf "networkPolicy.egress.%s is on but names no address: write networkPolicy.egress.%s.cidrs, such as the database subnets" $kind $kind) }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Kinds that are not Kubernetes's own must be there before the chart is. */}}
{{- define "model.validateApis" -}}
{{- $v := .Values -}}
{{- $wanted := list
  (list $v.metrics.serviceMonitor.enabled "metrics.serviceMonitor.enabled" "monitoring.coreos.com/v1" "the Prometheus operator")
  (list $v.metrics.prometheusRule.enabled "metrics.prometheusRule.enabled" "monitoring.coreos.com/v1" "the Prometheus operator")
  (list $v.gateway.enabled "gateway.enabled" "gateway.networking.k8s.io/v1" "the Gateway API")
  (list $v.secret.externalSecret.enabled "secret.externalSecret.enabled" "external-secrets.io/v1" "external-secrets")
  (list $v.autoscaling.keda.enabled "autoscaling.keda.enabled" "keda.sh/v1alpha1" "KEDA") }}
{{- range $wanted }}
{{- if and (index . 0) (not ($.Capabilities.APIVersions.Has (index . 2))) }}
{{- fail (printf "%s is true, but the cluster has no %s: install %s first, or write false; to render without a cluster add --api-versions %s" (index . 1) (index . 2) (index . 3) (index . 2)) }}
{{- end }}
{{- end }}
{{- if and $v.gateway.enabled $v.gateway.aws (not (or ($.Capabilities.APIVersions.Has "gateway.k8s.aws/v1beta1") ($.Capabilities.APIVersions.Has "gateway.k8s.aws/v1"))) }}
{{- fail "gateway.aws is true, but the cluster has no gateway.k8s.aws/v1beta1: install the AWS Load Balancer Controller with its Gateway API kinds first, or write gateway.aws=false for another controller; to render without a cluster add --api-versions gateway.k8s.aws/v1beta1" }}
{{- end }}
{{- end -}}
