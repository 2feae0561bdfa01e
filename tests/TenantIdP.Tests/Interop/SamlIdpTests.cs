using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Web;
using System.Xml.Linq;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Tests.Interop;

/// <summary>That the identity providers do what the other tests count on, without us.</summary>
public sealed class SamlIdpTests : IDisposable
{
    private const string Ours = "https://sp.example.test/sso/saml/con_x";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly RSA key = RSA.Create(2048);
    private readonly WebBrowser browser = new();

    public void Dispose()
    {
        key.Dispose();
        browser.Dispose();
    }

    [Theory, InlineData("simplesamlphp"), InlineData("samlp")]
    public async Task A_person_signs_in_and_is_sent_back_with_what_we_gave_along(string program)
    {
        await using var idp = await StartAsync(program, new SamlIdpOptions());
        var (party, id) = (await RegisterAsync(idp), SamlRequests.NewId());

        var page = await SignInAsync(idp, SamlRequests.SignIn(idp, party, id, "relay & state"));

        var form = page.Form();
        Assert.Equal(party.Acs, form.Action);
        Assert.Equal("relay & state", form.Elements.Single(e => e.GetAttribute("name") == "RelayState").GetAttribute("value"));
        Assert.Equal(id, (string?)Response(page).Root!.Attribute("InResponseTo"));
    }

    [Theory, InlineData("simplesamlphp"), InlineData("samlp")]
    public async Task A_person_starts_there(string program)
    {
        await using var idp = await StartAsync(program, new SamlIdpOptions());
        var party = await RegisterAsync(idp);

        var page = await SignInAsync(idp, idp.Start(party, "start"));

        Assert.Equal("start", page.Form().Elements.Single(e => e.GetAttribute("name") == "RelayState").GetAttribute("value"));
        Assert.Null(Response(page).Root!.Attribute("InResponseTo"));
    }

    [Theory, InlineData("simplesamlphp"), InlineData("samlp")]
    public async Task Where_requests_must_be_signed_an_unsigned_one_and_another_keys_lead_nowhere(string program)
    {
        await using var idp = await StartAsync(program, new SamlIdpOptions { SignedRequests = true });
        var party = await RegisterAsync(idp);
        using var another = RSA.Create(2048);

        foreach (var wrong in (RSA?[])[null, another])
        {
            using var fresh = new WebBrowser();
            var page = await fresh.GetAsync(SamlRequests.SignIn(idp, party, SamlRequests.NewId(), key: wrong), Ct);
            if (page.Document.QuerySelector("input[name=password]") is not null) page = await idp.SignInAsync(fresh, page, "jane", Ct);
            Assert.Null(page.Document.QuerySelector("input[name=SAMLResponse]"));
            Assert.Matches("(?i)sign(ed|ature)", page.Text);
        }

        Assert.NotEmpty(SamlIdp.Response(await SignInAsync(idp, SamlRequests.SignIn(idp, party, SamlRequests.NewId(), key: key))));
    }

    [Theory, InlineData("simplesamlphp"), InlineData("samlp")]
    public async Task Signing_out_there_asks_us_first(string program)
    {
        await using var idp = await StartAsync(program, new SamlIdpOptions());
        var party = await RegisterAsync(idp);
        await SignInAsync(idp, SamlRequests.SignIn(idp, party, SamlRequests.NewId()));

        var asked = await browser.GetAsync(idp.SignOut, Ct, IsOurs);

        var query = HttpUtility.ParseQueryString(asked.Address.Query);
        Assert.StartsWith(party.Slo + "?", asked.Address.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal("LogoutRequest", XDocument.Parse(SamlRequests.Unpack(query["SAMLRequest"]!)).Root!.Name.LocalName); // asked for it
        Assert.NotNull(query["Signature"]);

        var done = await browser.GetAsync(SamlRequests.SignedOut(idp, party, asked.Address, key), Ct, IsOurs);
        Assert.Equal(new Uri(idp.Origin).Authority, done.Address.Authority);
        Assert.Equal(HttpStatusCode.OK, done.Status);
        Assert.NotNull((await browser.GetAsync(SamlRequests.SignIn(idp, party, SamlRequests.NewId()), Ct)).Document.QuerySelector("input[name=password]"));
    }

    [Theory, InlineData("simplesamlphp"), InlineData("samlp")]
    public async Task Signing_out_here_is_answered(string program)
    {
        await using var idp = await StartAsync(program, new SamlIdpOptions());
        var party = await RegisterAsync(idp);
        var response = Response(await SignInAsync(idp, SamlRequests.SignIn(idp, party, SamlRequests.NewId())));

        var answer = await browser.GetAsync(SamlRequests.SignOut(idp, party, response, key), Ct, IsOurs);

        Assert.StartsWith(party.Slo + "?", answer.Address.AbsoluteUri, StringComparison.Ordinal);
        var query = HttpUtility.ParseQueryString(answer.Address.Query);
        Assert.Contains("status:Success", SamlRequests.Unpack(query["SAMLResponse"]!), StringComparison.Ordinal); // asked for it
        Assert.NotNull(query["Signature"]);
    }

    [Theory, InlineData("simplesamlphp"), InlineData("samlp")]
    public async Task Both_are_done_by_post_where_we_say_so(string program)
    {
        await using var idp = await StartAsync(program, new SamlIdpOptions());
        var party = await RegisterAsync(idp, sloByPost: true);
        var response = Response(await SignInAsync(idp, SamlRequests.SignIn(idp, party, SamlRequests.NewId())));

        var answer = await browser.GetAsync(SamlRequests.SignOut(idp, party, response, key), Ct);
        await SignInAsync(idp, SamlRequests.SignIn(idp, party, SamlRequests.NewId()));
        var asked = await browser.GetAsync(idp.SignOut, Ct);

        Assert.Equal(party.Slo, asked.Form().Action);
        Assert.Contains(asked.Form().Elements, e => e.GetAttribute("name") == "SAMLRequest");
        Assert.Equal(party.Slo, answer.Form().Action);
        Assert.Contains(answer.Form().Elements, e => e.GetAttribute("name") == "SAMLResponse");
    }

    [Fact]
    public async Task A_rollover_lists_the_key_that_signs_second()
    {
        await using var idp = await SimpleSamlPhp.StartAsync(new SamlIdpOptions(), Ct, rollover: true);

        var keys = XDocument.Parse(await idp.MetadataAsync(Ct)).Descendants(XName.Get("KeyDescriptor", "urn:oasis:names:tc:SAML:2.0:metadata"))
            .Where(k => (string?)k.Attribute("use") == "signing").Select(k => string.Concat(k.Value.Where(c => !char.IsWhiteSpace(c)))).ToList();

        Assert.Equal(2, keys.Count);
        Assert.Equal(idp.Certificate, keys[1]);
        Assert.NotEqual(idp.Certificate, keys[0]);
    }

    private static bool IsOurs(Uri address) => address.AbsoluteUri.StartsWith(Ours, StringComparison.Ordinal);

    private static XDocument Response(WebPage page) => XDocument.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(SamlIdp.Response(page))));

    private static async Task<SamlIdp> StartAsync(string program, SamlIdpOptions options) =>
        program == "samlp" ? await SamlpIdp.StartAsync(options, Ct) : await SimpleSamlPhp.StartAsync(options, Ct);

    private async Task<SamlParty> RegisterAsync(SamlIdp idp, bool sloByPost = false)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest("CN=sp.example.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var party = new SamlParty(Ours, Ours + "/acs", [Convert.ToBase64String(made.RawData)], Ours + "/slo", sloByPost);
        await idp.RegisterAsync(party, Ct);
        return party;
    }

    private async Task<WebPage> SignInAsync(SamlIdp idp, Uri address) => await idp.SignInAsync(browser, await browser.GetAsync(address, Ct), "jane", Ct);
}
