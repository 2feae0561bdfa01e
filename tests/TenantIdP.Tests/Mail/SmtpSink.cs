using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using MimeKit;
using TenantIdP.Tests.Interop;

namespace TenantIdP.Tests.Mail;

/// <summary>A mail as the mail server was given it.</summary>
internal sealed record SunkMail(string From, string To, MimeMessage Message, string Content, bool Secure);

/// <summary>A real mail server on loopback, by npm's smtp-server.</summary>
internal sealed class SmtpSink : IAsyncDisposable
{
    private readonly NodeProgram program;

    private SmtpSink(NodeProgram program, int port) => (this.program, Port) = (program, port);

    public int Port { get; }

    public static async Task<SmtpSink> StartAsync(CancellationToken ct, bool secure = false, bool starttls = false, (string Key, string Certificate)? tls = null, string? user = null, string? password = null)
    {
        var program = NodeProgram.Start("smtp-sink.mjs", []);
        var listening = await program.DoAsync(
            "listen", ct, ("secure", secure ? "yes" : null), ("starttls", starttls ? "yes" : null), ("key", tls?.Key), ("cert", tls?.Certificate), ("user", user), ("password", password));
        return new SmtpSink(program, (int)listening["port"]!); // it answers one
    }

    public Task RefuseAsync(string command, int code, CancellationToken ct, int? times = null, string? text = null) =>
        program.DoAsync("refuse", ct, ("command", command), ("code", code.ToString(CultureInfo.InvariantCulture)), ("times", times?.ToString(CultureInfo.InvariantCulture)), ("text", text));

    public Task HangAsync(string command, CancellationToken ct) => program.DoAsync("refuse", ct, ("command", command), ("hang", "true"));

    /// <summary>Answers everything from now on, also what was left waiting.</summary>
    public Task ReleaseAsync(CancellationToken ct) => program.DoAsync("release", ct);

    public async Task<IReadOnlyList<SunkMail>> ReceivedAsync(CancellationToken ct)
    {
        var answer = await program.DoAsync("received", ct);
        return [.. answer["received"]!.AsArray().Select(Read)]; // it answers a list
    }

    public async Task<int> ConnectionsAsync(CancellationToken ct) => (int)(await program.DoAsync("received", ct))["seen"]!["connections"]!; // as above

    public async Task<IReadOnlyList<string>> UsersAsync(CancellationToken ct) => [.. (await program.DoAsync("received", ct))["seen"]!["users"]!.AsArray().Select(u => (string)u!)]; // as above

    public ValueTask DisposeAsync() => program.DisposeAsync();

    private static SunkMail Read(JsonNode? one)
    {
        var content = (string)one!["content"]!; // each has one
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content));
        return new SunkMail((string)one["from"]!, (string)one["to"]!.AsArray().Single()!, MimeMessage.Load(stream), content, (bool)one["secure"]!); // each has them
    }
}

/// <summary>An authority that nobody else knows, and a certificate of 127.0.0.1 and localhost from it.</summary>
internal sealed class SmtpCertificates : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tenantidp-ca-").FullName;

    public SmtpCertificates(string host = "localhost")
    {
        using var authorityKey = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow();
        var authority = new CertificateRequest("CN=Test authority", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = authority.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        if (host == "localhost") names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(root, now.AddDays(-1), now.AddDays(20), RandomNumberGenerator.GetBytes(8));
        Pair = (key.ExportPkcs8PrivateKeyPem(), certificate.ExportCertificatePem());
        CaFile = Path.Combine(folder, "ca.pem");
        File.WriteAllText(CaFile, root.ExportCertificatePem());
    }

    public (string Key, string Certificate) Pair { get; }

    public string CaFile { get; }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
