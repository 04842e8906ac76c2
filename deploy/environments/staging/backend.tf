# Bucket and region come from the module `bootstrap`: terraform init -backend-config=bucket=… -backend-config=region=…
terraform {
  backend "s3" {
    key          = "staging/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
