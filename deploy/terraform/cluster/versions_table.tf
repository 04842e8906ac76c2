# Which Kubernetes versions EKS supports, and until when. Null: not announced when this was written.
# Source: AWS EKS user guide, "Kubernetes versions", release calendar.

locals {
  versions_as_of = "2026-11-20"
  versions = {
    "1.34" = { standard_until = "2026-12-02", extended_until = "2027-12-02" }
    "1.35" = { standard_until = "2027-03-27", extended_until = "2028-03-27" }
    "1.36" = { standard_until = null, extended_until = null }
  }
  newest_version = reverse(sort(keys(local.versions)))[0]

  today      = coalesce(var.today, formatdate("YYYY-MM-DD", plantimestamp()))
  version    = try(local.versions[var.kubernetes_version], { standard_until = null, extended_until = null })
  today_date = "${local.today}T00:00:00Z"

  # The last is true from 60 days before the end.
  out_standard = try(timecmp(local.today_date, "${local.version.standard_until}T00:00:00Z") >= 0, false)
  out_extended = try(timecmp(local.today_date, "${local.version.extended_until}T00:00:00Z") >= 0, false)
  ends_soon    = try(timecmp(timeadd(local.today_date, "1440h"), "${local.version.standard_until}T00:00:00Z") >= 0, false)
}

check "kubernetes_version" {
  assert {
    condition     = !local.ends_soon
    error_message = "Plan an upgrade of kubernetes_version: ${var.kubernetes_version} leaves standard support on ${coalesce(local.version.standard_until, "an unknown day")}; ${var.support_type == "STANDARD" ? "AWS upgrades the control plane by itself after that day" : "from that day the control plane costs six times as much"}. The newest version here is ${local.newest_version}."
  }
}
