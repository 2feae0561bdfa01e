using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TenantIdP.Testing.Clients;

namespace TenantIdP.Tests.Interop;

/// <summary>What an identity provider is told about a service provider.</summary>
/// <param name="Certificates">DER in base64: the first is encrypted to, all of them may have signed.</param>
internal sealed record SamlParty(string EntityId, string Acs, IReadOnlyList<string> Certificates, string? Slo = null, bool SloByPost = false);

internal sealed record SamlIdpOptions
{
    /// <summary>Its own address when not given.</summary>
    public string? EntityId { get; init; }

    /// <summary>Whoever signs in as "x" has the address x@Domain.</summary>
    public string Domain { get; init; } = "customer.example";

    public bool SignResponse { get; init; }
    public bool SignAssertion { get; init; } = true;

    /// <summary>The algorithm by its URI; null leaves the assertion readable.</summary>
    public string? Encryption { get; init; }

    public bool SignedRequests { get; init; }
}

/// <summary>A SAML identity provider that nobody here wrote, on loopback and with pages of its own.</summary>
internal abstract class SamlIdp : IAsyncDisposable
{
    public const string Aes128Cbc = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
    public const string Aes256Cbc = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
    public const string Aes256Gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm";

    /// <summary>The element that carries a response to a page's form, as every binding by POST has it (SAML Bindings 3.5.4).</summary>
    protected const string ResponseForm = "form:has(input[name=SAMLResponse])";

    public string EntityId { get; protected init; } = "";

    /// <summary>Where its metadata is served.</summary>
    public string MetadataAddress { get; protected init; } = "";

    public string SingleSignOn { get; protected init; } = "";

    public string SingleLogout { get; protected init; } = "";

    public string Origin => new Uri(SingleSignOn).GetLeftPart(UriPartial.Authority);

    /// <summary>What it signs with, DER in base64.</summary>
    public string Certificate { get; protected init; } = "";

    public async Task<string> MetadataAsync(CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await http.GetStringAsync(MetadataAddress, ct);
    }

    public abstract Task RegisterAsync(SamlParty party, CancellationToken ct);

    /// <summary>Where a person starts there, without having been sent (SAML Profiles 4.1.5).</summary>
    public abstract Uri Start(SamlParty party, string? relayState);

    /// <summary>Fills in its sign-in page.</summary>
    /// <returns>The page whose form takes the response back; not submitted yet.</returns>
    public abstract Task<WebPage> SignInAsync(WebBrowser browser, WebPage page, string login, CancellationToken ct);

    /// <summary>Where a person signs out there, everywhere.</summary>
    public abstract Uri SignOut { get; }

    public static string Response(WebPage page) =>
        page.Form(ResponseForm).Elements.First(e => e.GetAttribute("name") == "SAMLResponse").GetAttribute("value")!; // chosen by having it

    public abstract ValueTask DisposeAsync();

    /// <summary>A key and its certificate, made for this run.</summary>
    protected static (string KeyPem, string CertificatePem, string Certificate) MakeKey(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1));
        return (key.ExportPkcs8PrivateKeyPem(), made.ExportCertificatePem(), Convert.ToBase64String(made.RawData));
    }
}
