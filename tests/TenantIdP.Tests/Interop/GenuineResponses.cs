using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Tests.Interop;

/// <summary>
/// Writes the fixtures of TenantIdP.Saml.Tests anew, from real identity providers: run with <c>-explicit only -class "*GenuineResponses"</c>. Nothing of ours is asked to make or read them.
/// </summary>
public sealed class GenuineResponses
{
    private const string Audience = "https://sp.example.test/sso/saml/con_x";
    private const string Acs = Audience + "/acs";
    private const string Login = "jane";

    private static readonly JsonSerializerOptions Written = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly XNamespace Assertion = "urn:oasis:names:tc:SAML:2.0:assertion";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData("assertion-signed", false, true, null, true)]
    [InlineData("response-signed", true, false, null, true)]
    [InlineData("both-signed", true, true, null, true)]
    [InlineData("encrypted-aes128-cbc", true, true, SamlIdp.Aes128Cbc, true)]
    [InlineData("unsolicited", true, true, null, false)]
    public async Task Capture_SimpleSAMLphp(string name, bool response, bool assertion, string? encryption, bool asked)
    {
        var options = new SamlIdpOptions { EntityId = "https://simplesamlphp.example.test/idp", SignResponse = response, SignAssertion = assertion, Encryption = encryption };
        await using var idp = await SimpleSamlPhp.StartAsync(options, Ct);
        await CaptureAsync(idp, "simplesamlphp", name, encryption, asked, "");
    }

    [Theory(Explicit = true)]
    [InlineData("assertion-signed", false, true, null, false)]
    [InlineData("response-signed", true, false, null, false)]
    [InlineData("encrypted-aes256-gcm", false, true, SamlIdp.Aes256Gcm, false)]
    [InlineData("encrypted-aes256-cbc", true, true, SamlIdp.Aes256Cbc, false)]
    [InlineData("sha1", false, true, null, true)]
    public async Task Capture_samlp(string name, bool response, bool assertion, string? encryption, bool sha1)
    {
        var options = new SamlIdpOptions { EntityId = "https://samlp.example.test/idp", SignResponse = response, SignAssertion = assertion, Encryption = encryption };
        await using var idp = await SamlpIdp.StartAsync(options, Ct, sha1);
        await CaptureAsync(idp, "samlp", name, encryption, asked: true, sha1 ? "sha1" : "");
    }

    [Theory(Explicit = true)]
    [InlineData("simplesamlphp", false)]
    [InlineData("simplesamlphp", true)]
    [InlineData("samlp", false)]
    public async Task Capture_metadata(string program, bool rollover)
    {
        var options = new SamlIdpOptions { EntityId = $"https://{program}.example.test/idp" };
        await using SamlIdp idp = program == "samlp" ? await SamlpIdp.StartAsync(options, Ct) : await SimpleSamlPhp.StartAsync(options, Ct, rollover);
        var facts = new JsonObject
        {
            ["idpEntityId"] = idp.EntityId,
            ["singleSignOn"] = idp.SingleSignOn,
            ["singleLogout"] = idp.SingleLogout,
            ["signs"] = idp.Certificate,
            ["signingCertificates"] = rollover ? 2 : 1,
        };
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await WriteAsync("metadata", rollover ? program + "-rollover" : program, await http.GetByteArrayAsync(idp.MetadataAddress, Ct), facts);
    }

    private static async Task CaptureAsync(SamlIdp idp, string program, string name, string? encryption, bool asked, string needs)
    {
        using var key = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow();
        using var ours = new CertificateRequest("CN=sp.example.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
        var party = new SamlParty(Audience, Acs, [Convert.ToBase64String(ours.RawData)], Audience + "/slo");
        await idp.RegisterAsync(party, Ct);
        var request = asked ? SamlRequests.NewId() : null;

        using var browser = new WebBrowser();
        var page = await browser.GetAsync(request is null ? idp.Start(party, relayState: null) : SamlRequests.SignIn(idp, party, request), Ct);
        page = await idp.SignInAsync(browser, page, Login, Ct);
        var sent = Convert.FromBase64String(SamlIdp.Response(page));

        var facts = Facts(idp, request, needs);
        if (encryption is not null)
        {
            facts["needs"] = encryption.EndsWith("cbc", StringComparison.Ordinal) ? "cbc" : "";
            facts["decryption"] = new JsonObject
            {
                ["note"] = "A test key made for this fixture alone; it opens nothing else.",
                ["privateKey"] = key.ExportPkcs8PrivateKeyPem(),
                ["certificate"] = party.Certificates[0],
            };
        }

        Attributes(facts, program);
        await WriteAsync(program, name, sent, facts);
        Assert.Equal(encryption is null ? 1 : 0, XDocument.Parse(Encoding.UTF8.GetString(sent)).Descendants(Assertion + "Assertion").Count());
    }

    private static async Task WriteAsync(string group, string name, byte[] sent, JsonObject facts)
    {
        var folder = Path.Combine(Path.GetDirectoryName(NodeProgram.Folder())!, "TenantIdP.Saml.Tests", "Fixtures", group); // a folder of tests
        Directory.CreateDirectory(folder);
        await File.WriteAllBytesAsync(Path.Combine(folder, name + ".xml"), sent, Ct);
        await File.WriteAllTextAsync(Path.Combine(folder, name + ".json"), facts.ToJsonString(Written) + "\n", Ct);
    }

    /// <param name="needs">What a rule has to allow for it to be accepted.</param>
    private static JsonObject Facts(SamlIdp idp, string? request, string needs) => new()
    {
        ["idpEntityId"] = idp.EntityId,
        ["certificates"] = new JsonArray(idp.Certificate),
        ["audience"] = Audience,
        ["acsUrl"] = Acs,
        ["inResponseTo"] = request,
        ["validAt"] = TimeProvider.System.GetUtcNow().AddSeconds(1).ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        ["needs"] = needs,
    };

    private static void Attributes(JsonObject facts, string program)
    {
        var (first, last, full, email) = (Login, "Upstream", $"{Login} Upstream", $"{Login}@customer.example");
        const string claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
        facts["nameId"] = program == "samlp" ? Login : email;
        facts["nameIdFormat"] = program == "samlp" ? "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" : "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
        facts["attributes"] = program == "samlp"
            ? new JsonObject
            {
                [claims + "nameidentifier"] = new JsonArray(Login),
                [claims + "emailaddress"] = new JsonArray(email),
                [claims + "name"] = new JsonArray(full),
                [claims + "givenname"] = new JsonArray(first),
                [claims + "surname"] = new JsonArray(last),
                ["http://schemas.passportjs.com/groups"] = new JsonArray("staff", "auditors"),
            }
            : new JsonObject
            {
                ["urn:oid:0.9.2342.19200300.100.1.3"] = new JsonArray(email),
                ["urn:oid:1.3.6.1.4.1.5923.1.1.1.6"] = new JsonArray(email),
                ["urn:oid:2.5.4.42"] = new JsonArray(first),
                ["urn:oid:2.5.4.4"] = new JsonArray(last),
                ["urn:oid:2.16.840.1.113730.3.1.241"] = new JsonArray(full),
                ["urn:oid:1.3.6.1.4.1.5923.1.5.1.1"] = new JsonArray("staff", "auditors"),
            };
    }
}
