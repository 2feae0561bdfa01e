using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TenantIdP.Server.Http.Outbound;
using TenantIdP.Server.Proofs;

namespace TenantIdP.Tests.Domains;

/// <summary>
/// Web sites on real TLS behind the guarded client. Names come from a table; the port 443 of loopback is this server's, of which only the hosts in <c>AllowedHosts</c> may
/// be reached. The certificate is for the names of the test and of an authority that this client alone trusts.
/// </summary>
internal sealed class ProofWeb : IAsyncDisposable, IHttpClientFactory, IHostResolver
{
    private readonly WebApplication app;
    private readonly OutboundGuard guard;
    private readonly Func<string, int, IPAddress[]> names;
    private int asked;

    private ProofWeb(WebApplication app, X509Certificate2 authority, OutboundOptions options, Func<string, int, IPAddress[]> names)
    {
        (this.app, this.names) = (app, names);
        var sockets = OutboundHandler.Create(options, this, DialAsync);
        sockets.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck };
        guard = new OutboundGuard(options, TimeProvider.System, NullLogger<OutboundGuard>.Instance) { InnerHandler = sockets };
        Pages = new WebPage(this);
    }

    public WebPage Pages { get; }

    public List<IPEndPoint> Dialled { get; } = [];

    public List<string> Requests { get; } = [];

    /// <param name="answer">By host and path.</param>
    /// <param name="certified">The names of the certificate.</param>
    /// <param name="names">What the resolver says, with a count of its questions; loopback unless given.</param>
    /// <param name="allowed">Hosts of which loopback may be reached; those of the certificate unless given.</param>
    public static async Task<ProofWeb> StartAsync(
        RequestDelegate answer, string[] certified, CancellationToken ct, Func<string, int, IPAddress[]>? names = null, string[]? allowed = null, TimeSpan? timeout = null)
    {
        var (authority, certificate) = Certify(certified);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        var options = new OutboundOptions { AllowedHosts = allowed ?? certified, RequestTimeout = timeout ?? TimeSpan.FromSeconds(10) };
        var web = new ProofWeb(app, authority, options, names ?? ((_, _) => [IPAddress.Loopback]));
        app.Run(context =>
        {
            lock (web.Requests) web.Requests.Add($"{context.Request.Host}{context.Request.Path}");
            return answer(context);
        });
        await app.StartAsync(ct);
        return web;
    }

    public HttpClient CreateClient(string name) => new(guard, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken ct) => Task.FromResult(names(host, Interlocked.Increment(ref asked)));

    public async ValueTask DisposeAsync()
    {
        guard.Dispose();
        await app.DisposeAsync();
    }

    private async ValueTask<Stream> DialAsync(IPEndPoint endpoint, CancellationToken ct)
    {
        lock (Dialled) Dialled.Add(endpoint);
        if (!IPAddress.IsLoopback(endpoint.Address) || endpoint.Port != 443) throw new SocketException((int)SocketError.NetworkUnreachable); // no test leaves the machine
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(app.Urls.First()).Port, ct);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static (X509Certificate2 Authority, X509Certificate2 Certificate) Certify(string[] names)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest("CN=Authority of a test", rootKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = root.CreateSelfSigned(now.AddHours(-1), now.AddHours(2));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=site", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names) alternatives.AddDnsName(name);
        request.CertificateExtensions.Add(alternatives.Build());
        using var issued = request.Create(authority, now.AddHours(-1), now.AddHours(1), RandomNumberGenerator.GetBytes(12));
        using var whole = issued.CopyWithPrivateKey(key);
        return (X509CertificateLoader.LoadCertificate(authority.Export(X509ContentType.Cert)), X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), password: null));
    }
}
