//! TLS before stand-ins that speak plain HTTP, as AWS's endpoints have it.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Somebody whose certificates are trusted by whoever is told to.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    acceptor: TlsAcceptor,
}

impl Authority {
    pub fn generate() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        Self { issuer, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// The address by TLS of what listens at `plain`.
    pub async fn start_tls_proxy(&self, plain: SocketAddr) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                // Whoever leaves in the middle was killed by us.
                tokio::spawn(async move {
                    client.set_nodelay(true)?;
                    let mut client = acceptor.accept(client).await?;
                    let mut server = TcpStream::connect(plain).await?;
                    server.set_nodelay(true)?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        format!("https://localhost:{port}")
    }
}
