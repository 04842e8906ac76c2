{{/* What is wrong with what the container `m` asks for, as a text that is empty when nothing is. */}}
{{- define "longshore.askedFaults" -}}
(!('resources' in m.it) ? [] :
    ['requests', 'limits'].filter(k, k in m.it.resources).map(k,
    m.it.resources[k].map(n, n).filter(n, !isQuantity(string(m.it.resources[k][n])))
    .map(n, m.path + '.resources.' + k + '[' + n + ']: `' + string(m.it.resources[k][n]) + '` is no quantity: write one such as 500m, 2 or 4Gi').join('; '))
    + ['requests', 'limits'].filter(k, k in m.it.resources).map(k,
    m.it.resources[k].map(n, n).filter(n, n.contains('/') && isQuantity(string(m.it.resources[k][n])) && !quantity(string(m.it.resources[k][n])).isInteger())
    .map(n, m.path + '.resources.' + k + '[' + n + ']: `' + string(m.it.resources[k][n]) + '` is no whole number: a device is given whole: write 1 or more').join('; '))
    + (!('requests' in m.it.resources) ? [] :
    m.it.resources.requests.map(n, n).filter(n, 'limits' in m.it.resources && n in m.it.resources.limits
    && isQuantity(string(m.it.resources.requests[n])) && isQuantity(string(m.it.resources.limits[n]))
    && quantity(string(m.it.resources.requests[n])).isGreaterThan(quantity(string(m.it.resources.limits[n]))))
    .map(n, m.path + '.resources.requests[' + n + ']: `' + string(m.it.resources.requests[n]) + '` is more than its limit, `' + string(m.it.resources.limits[n]) + '`: write no more than that')
    + m.it.resources.requests.map(n, n).filter(n, n.contains('/') && !('limits' in m.it.resources && n in m.it.resources.limits))
    .map(n, m.path + '.resources.requests[' + n + ']: a device is asked for by a limit: write it in `limits`'))
    ).filter(f, f != '').join('; ')
{{- end -}}

{{/* What containers ask for. Kubernetes would say it only when pods are made. */}}
{{- define "longshore.policyResources" -}}
- name: resourcesFaults
  expression: >-
    variables.modelBlocks.map(m, {{ include "longshore.askedFaults" . }}).filter(f, f != '')
    + variables.containers.map(l, l.map(m, {{ include "longshore.askedFaults" . }}).filter(f, f != '').join('; ')).filter(f, f != '')
{{- end -}}
