use crate::{Environment, Error, http::Url};

/// Where AWS's own servers are, and where somebody else's are.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Somebody else's, or a named one of AWS's.
    custom: Option<Url>,
    region: String,
    path_style: Option<bool>,
    fips: bool,
    dualstack: bool,
}

/// The first of some variables that is set, with its name.
fn first(environment: &Environment, names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|&name| Some((name, environment.get(name)?)))
}

fn url(name: &str, text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|reason| Error::Location {
        uri: text.rsplit('@').next().unwrap_or_default().to_owned(),
        reason: format!(
            "`{name}` is not an endpoint: {reason}, as in `https://minio.example:9000`"
        ),
    })
}

/// The domain of a region's services.
fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

impl Endpoint {
    pub(crate) fn new(environment: &Environment, path_style: Option<bool>) -> Result<Self, Error> {
        let named = first(
            environment,
            &["AWS_ENDPOINT_URL_S3", "MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL"],
        );
        let custom = named.map(|(name, text)| url(name, &text)).transpose()?;
        let region = first(environment, &["AWS_REGION", "AWS_DEFAULT_REGION"]);
        let region = region.map_or_else(|| "us-east-1".into(), |(_, region)| region);
        if !region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(Error::Location {
                uri: region,
                reason: "`AWS_REGION` is not a region, as in `eu-central-1`".into(),
            });
        }
        Ok(Self {
            custom,
            region,
            path_style,
            fips: environment.flag("AWS_USE_FIPS_ENDPOINT"),
            dualstack: environment.flag("AWS_USE_DUALSTACK_ENDPOINT"),
        })
    }

    /// The region of the settings.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// The words about a server that is not AWS's; empty when it is.
    pub(crate) fn shown(&self) -> String {
        self.custom.as_ref().map(|url| format!(" at {}", url.origin())).unwrap_or_default()
    }

    /// The URL of a bucket.
    pub(crate) fn url(&self, bucket: &str, region: &str) -> Url {
        let own = || {
            let fips = if self.fips { "-fips" } else { "" };
            let dual = if self.dualstack { ".dualstack" } else { "" };
            Url::parse(&format!("https://s3{fips}{dual}.{region}.{}", domain(region)))
        };
        let base = match &self.custom {
            Some(url) => Ok(url.clone()),
            None => own(),
        };
        // the letters of a region are checked before, so that this host is always valid
        let base = base.unwrap_or_else(|_| Url::unknown());
        let aws =
            base.host().ends_with(".amazonaws.com") || base.host().ends_with(".amazonaws.com.cn");
        // a certificate for `*.s3…` does not hold for a name with dots
        if self.path_style.unwrap_or(!aws || bucket.contains(['.', '_'])) {
            base.join(bucket)
        } else {
            base.subdomain(bucket)
        }
    }

    /// Where web identities are exchanged for credentials.
    pub(crate) fn sts(environment: &Environment) -> Result<Url, Error> {
        if let Some((name, text)) =
            first(environment, &["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"])
        {
            return url(name, &text);
        }
        let region = first(environment, &["AWS_REGION", "AWS_DEFAULT_REGION"]);
        let legacy = environment
            .get("AWS_STS_REGIONAL_ENDPOINTS")
            .is_some_and(|value| value.eq_ignore_ascii_case("legacy"));
        let text = match region {
            Some((_, region)) if !legacy => format!("https://sts.{region}.{}", domain(&region)),
            _ => "https://sts.amazonaws.com".into(),
        };
        url("AWS_REGION", &text)
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;
    use crate::Environment;

    fn endpoint(pairs: &'static [(&str, &str)], path_style: Option<bool>) -> Endpoint {
        let environment = environment(pairs);
        Endpoint::new(&environment, path_style).unwrap()
    }

    fn environment(pairs: &'static [(&str, &str)]) -> Environment {
        Environment::new(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())
        })
    }

    #[test]
    fn buckets_are_where_aws_puts_them() {
        let url = |pairs, bucket| endpoint(pairs, None).url(bucket, "eu-west-1").to_string();
        assert_eq!(url(&[], "models"), "https://models.s3.eu-west-1.amazonaws.com/");
        assert_eq!(url(&[], "my.models"), "https://s3.eu-west-1.amazonaws.com/my.models");
        let dual: &[_] = &[("AWS_USE_DUALSTACK_ENDPOINT", "true")];
        assert_eq!(url(dual, "models"), "https://models.s3.dualstack.eu-west-1.amazonaws.com/");
        let minio: &[_] = &[("AWS_ENDPOINT_URL", "http://minio:9000/")];
        assert_eq!(url(minio, "models"), "http://minio:9000/models");
        let virtual_hosts = endpoint(minio, Some(false));
        assert_eq!(virtual_hosts.url("models", "x").to_string(), "http://models.minio:9000/");
        let china = endpoint(&[("AWS_REGION", "cn-north-1")], Some(true));
        let url = china.url("models", "cn-north-1").to_string();
        assert_eq!(url, "https://s3.cn-north-1.amazonaws.com.cn/models");
    }

    #[test]
    fn sts_follows_the_region_and_its_own_variable() {
        let sts = |pairs| Endpoint::sts(&environment(pairs)).unwrap().to_string();
        assert_eq!(sts(&[]), "https://sts.amazonaws.com/");
        assert_eq!(sts(&[("AWS_REGION", "eu-west-1")]), "https://sts.eu-west-1.amazonaws.com/");
        let own: &[_] =
            &[("AWS_ENDPOINT_URL_STS", "http://sts:1"), ("AWS_ENDPOINT_URL", "http://all:2")];
        assert_eq!(sts(own), "http://sts:1/");
    }

    #[test]
    fn what_is_no_endpoint_is_named() {
        let environment = environment(&[("AWS_ENDPOINT_URL_S3", "minio:9000")]);
        let error = Endpoint::new(&environment, None).unwrap_err().to_string();
        assert!(error.contains("AWS_ENDPOINT_URL_S3"), "{error}");
    }
}
