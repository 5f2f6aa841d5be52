//! Servers that misbehave, and a wire that can be cut without a word.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Takes connections and never says a word.
pub async fn silent_server() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    (address, task)
}

/// Answers the first bytes of every connection with `answer` and closes.
pub async fn babbling_server(answer: &'static [u8]) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut question = [0; 512];
            let _ = stream.read(&mut question).await;
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, task)
}

/// Passes everything on to a server until it is told to forget what is open.
pub struct Wire {
    pub address: SocketAddr,
    forget: watch::Sender<u32>,
    taken: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Wire {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (forget, forgotten) = watch::channel(0);
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(pass_on(near, port, forgotten.clone()));
            }
        });
        Self { address, forget, taken, task }
    }

    /// Connections taken since the start.
    pub fn connections(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Every open connection stays open and carries nothing any more; new ones
    /// work. So does a firewall that has forgotten them.
    pub fn forget_what_is_open(&self) {
        self.forget.send_modify(|times| *times += 1);
    }
}

async fn pass_on(mut near: TcpStream, port: u16, mut forgotten: watch::Receiver<u32>) {
    forgotten.mark_unchanged();
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = forgotten.changed() => std::future::pending::<()>().await,
    }
}
