//! The load of a tracking server: threads that each keep one connection, and the requests of each scenario.
//! It costs a call some twenty microseconds of a core, so that the server is what is measured.

use std::{
    env,
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant, SystemTime},
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A kept connection of HTTP/1, opened again when the server closed it meanwhile.
struct Connection {
    port: u16,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    fn call(&mut self, method: &str, path: &str, body: &str) -> Result<&[u8], Failure> {
        let request = format!(
            "{method} /api/2.0/mlflow/{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        let is_kept = self.stream.is_some();
        match self.once(&request) {
            Ok(range) => Ok(&self.buffer[range]),
            Err(_) if is_kept => {
                self.stream = None;
                let range = self.once(&request)?;
                Ok(&self.buffer[range])
            }
            Err(error) => Err(format!("`{path}`: {error}").into()),
        }
    }

    fn once(&mut self, request: &str) -> Result<std::ops::Range<usize>, Failure> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_secs(120)))?;
            self.stream = Some(stream);
        }
        let stream = self.stream.as_mut().ok_or("no stream")?;
        stream.write_all(request.as_bytes())?;
        let mut filled = 0;
        let (head, whole) = loop {
            let more = stream.read(&mut self.buffer[filled..])?;
            if more == 0 {
                return Err("the server closed the connection".into());
            }
            filled += more;
            if let Some(end) = self.buffer[..filled].windows(4).position(|it| it == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
                let length = head.split("content-length:").nth(1).ok_or("no length")?;
                let length: usize = length.split("\r\n").next().unwrap_or("").trim().parse()?;
                break (head, end + 4..end + 4 + length);
            }
        };
        if self.buffer.len() < whole.end {
            self.buffer.resize(whole.end, 0);
        }
        stream.read_exact(&mut self.buffer[filled..whole.end])?;
        if head.contains("connection: close") {
            self.stream = None;
        }
        if !head.contains(" 200 ") {
            let text = String::from_utf8_lossy(&self.buffer[whole]);
            return Err(format!("{} {text}", head.lines().next().unwrap_or("")).into());
        }
        Ok(whole)
    }
}

fn now() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |it| it.as_millis())
}

fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect::<Vec<_>>().join(",")
}

/// What is asked for.
struct Load {
    scenario: String,
    port: u16,
    experiment: String,
    /// The runs of the experiment.
    runs: Vec<String>,
    connections: usize,
    seconds: f64,
    /// Calls; 0 is as many as the seconds let.
    count: usize,
    /// The number of the first call.
    start: usize,
}

/// One call with a number of its own.
fn scenario(load: &Load, on: &mut Connection, index: usize) -> Result<(), Failure> {
    let Load { scenario, experiment, runs, .. } = load;
    let run = || runs[index % runs.len()].as_str();
    match &**scenario {
        // a run with 10 parameters, 20 metrics and 5 tags: three requests
        "fill_run" => {
            let now = now();
            let body = format!(
                "{{\"experiment_id\":\"{experiment}\",\"start_time\":{now},\"run_name\":\"r{index}\"}}"
            );
            let reply =
                String::from_utf8_lossy(on.call("POST", "runs/create", &body)?).into_owned();
            let at = reply.find("\"run_id\"").ok_or("no run id")? + 8;
            let run = reply[at..].split('"').nth(1).ok_or("no run id")?;
            let params = rows(10, |k| format!("{{\"key\":\"p{k}\",\"value\":\"{}\"}}", k * 7));
            let metrics = rows(20, |k| {
                format!(
                    "{{\"key\":\"m{}\",\"value\":{:?},\"timestamp\":{now},\"step\":{}}}",
                    k / 2,
                    index as f64 * 0.5 + (k / 2) as f64,
                    k % 2
                )
            });
            let tags = rows(5, |k| format!("{{\"key\":\"t{k}\",\"value\":\"{k}\"}}"));
            on.call("POST", "runs/log-batch", &format!("{{\"run_id\":\"{run}\",\"params\":[{params}],\"metrics\":[{metrics}],\"tags\":[{tags}]}}"))?;
            on.call(
                "POST",
                "runs/update",
                &format!("{{\"run_id\":\"{run}\",\"status\":\"FINISHED\",\"end_time\":{now}}}"),
            )?;
        }
        "get_run" => {
            on.call("GET", &format!("runs/get?run_id={}", run()), "")?;
        }
        "log_metric" => {
            on.call("POST", "runs/log-metric", &format!("{{\"run_id\":\"{}\",\"key\":\"live\",\"value\":{index},\"timestamp\":{index},\"step\":{index}}}", run()))?;
        }
        "log_batch_1000" => {
            let metrics = rows(1000, |k| {
                format!(
                    "{{\"key\":\"big\",\"value\":{k},\"timestamp\":{k},\"step\":{}}}",
                    k + index * 1000
                )
            });
            on.call(
                "POST",
                "runs/log-batch",
                &format!("{{\"run_id\":\"{}\",\"metrics\":[{metrics}]}}", run()),
            )?;
        }
        "search_100" => {
            let bound = index % (runs.len() / 4).max(1);
            let found = on.call("POST", "runs/search", &format!("{{\"experiment_ids\":[\"{experiment}\"],\"filter\":\"metrics.m3 > {bound} and params.p1 != 'x'\",\"order_by\":[\"metrics.m5 DESC\"],\"max_results\":100}}"))?;
            if !found.windows(8).any(|it| it == b"\"run_id\"") {
                return Err("the search found nothing".into());
            }
        }
        other => return Err(format!("no scenario `{other}`").into()),
    }
    Ok(())
}

/// What one connection does: the seconds of each call.
fn work(load: &Load, first: usize, begun: Instant) -> Result<Vec<f64>, Failure> {
    let mut on = Connection { port: load.port, stream: None, buffer: vec![0; 1 << 16] };
    let (mut took, mut index) = (Vec::new(), first);
    let is_on = |index| match load.count {
        0 => begun.elapsed().as_secs_f64() < load.seconds,
        count => index < load.start + count,
    };
    while is_on(index) {
        let before = Instant::now();
        scenario(load, &mut on, index)?;
        took.push(before.elapsed().as_secs_f64());
        index += load.connections;
    }
    Ok(took)
}

fn main() -> Result<(), Failure> {
    let given: Vec<_> = env::args().skip(1).collect();
    let [scenario, port, experiment, connections, seconds, count, start] = &given[..] else {
        return Err(
            "usage: load SCENARIO PORT EXPERIMENT CONNECTIONS SECONDS COUNT START < RUNS".into()
        );
    };
    let load = Load {
        scenario: scenario.clone(),
        port: port.parse()?,
        experiment: experiment.clone(),
        runs: io::read_to_string(io::stdin())?.lines().map(str::to_owned).collect(),
        connections: connections.parse()?,
        seconds: seconds.parse()?,
        count: count.parse()?,
        start: start.parse()?,
    };
    let begun = Instant::now();
    let took = thread::scope(|scope| {
        let one = |first| {
            scope.spawn({
                let load = &load;
                move || work(load, first, begun)
            })
        };
        let threads: Vec<_> = (0..load.connections).map(|it| one(load.start + it)).collect();
        let all = threads.into_iter().map(|it| it.join().map_err(|_| "a thread panicked")?);
        all.collect::<Result<Vec<_>, Failure>>()
    })?;
    let spent = begun.elapsed().as_secs_f64();
    let mut took = took.concat();
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).map_or(0.0, |it| it * 1e3);
    let rate = took.len() as f64 / spent;
    println!(
        "{{\"per_second\": {rate}, \"p50_ms\": {}, \"p99_ms\": {}, \"calls\": {}}}",
        at(0.5),
        at(0.99),
        took.len()
    );
    Ok(())
}
