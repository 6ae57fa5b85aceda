//! Hello world on WASI 0.3: output is a stream that the guest hands over and then fills.

use futures_util::future::join;
use wasip3::cli::stdout;

wasip3::cli::command::export!(Hello);

struct Hello;

impl wasip3::exports::cli::run::Guest for Hello {
    async fn run() -> Result<(), ()> {
        let (mut text, stream) = wasip3::wit_stream::new();
        let printed = stdout::write_via_stream(stream);
        let given = async move { text.write_all(b"Hello, world!\n".to_vec()).await.is_empty() };
        // The host reads while the guest writes: each would wait for the other for ever by itself.
        match join(async { printed.await }, given).await {
            (Ok(()), true) => Ok(()),
            _ => Err(()),
        }
    }
}
