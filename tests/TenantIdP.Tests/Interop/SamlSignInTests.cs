using System.Xml.Linq;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using TenantIdP.Saml.Metadata;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Interop;

/// <summary>People of identity providers that nobody here wrote sign in to an app: metadata exchanged both ways, their real pages, our real pages.</summary>
public abstract class SamlSignInTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("simplesamlphp", "assertion signed")]
    [InlineData("simplesamlphp", "both signed, requests signed")]
    [InlineData("simplesamlphp", "encrypted by AES-CBC")]
    [InlineData("samlp", "assertion signed")]
    [InlineData("samlp", "response signed, requests signed")]
    [InlineData("samlp", "encrypted by AES-GCM")]
    public async Task A_person_signs_in_there_and_comes_back_as_a_member(string program, string how)
    {
        var domain = host.UniqueHost();
        var signed = how.Contains("requests signed", StringComparison.Ordinal);
        var options = new SamlIdpOptions
        {
            Domain = domain,
            SignAssertion = !how.StartsWith("response", StringComparison.Ordinal),
            SignResponse = how.StartsWith("response", StringComparison.Ordinal) || how.StartsWith("both", StringComparison.Ordinal),
            SignedRequests = signed,
            Encryption = how switch { "encrypted by AES-CBC" => SamlIdp.Aes128Cbc, "encrypted by AES-GCM" => SamlIdp.Aes256Gcm, _ => null },
        };
        await using SamlIdp idp = program == "samlp" ? await SamlpIdp.StartAsync(options, Ct) : await SimpleSamlPhp.StartAsync(options, Ct);
        var connection = await ConnectAsync(idp, domain, change => change with { SignRequests = signed, AllowAesCbc = how == "encrypted by AES-CBC", RequireEncryption = how.StartsWith("encrypted", StringComparison.Ordinal) });
        await idp.RegisterAsync(await PartyAsync(connection, first: signed ? "signing" : "encryption"), Ct);
        var app = await host.CreateAppAsync(Ct);
        using var browser = new WebBrowser();

        var pending = app.Authorize(("login_hint", $"jane@{domain}"));
        var page = await idp.SignInAsync(browser, await browser.GetAsync(pending.Address, Ct), "jane", Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback);

        Assert.True(app.IsCallback(page.Address), $"{page.Address}: {page.Text.Trim()}");
        var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.Equal(($"jane@{domain}", connection.Id.ToString()), ((string?)tokens.Id["email"], (string?)tokens.Access["connection_id"]));
    }

    [Theory, InlineData("simplesamlphp"), InlineData("samlp")]
    public async Task A_sign_out_there_ends_the_session_here(string program)
    {
        await using var visit = await SignedInAsync(program);

        var done = await visit.Browser.GetAsync(visit.Idp.SignOut, Ct);

        Assert.Equal(new Uri(visit.Idp.Origin).Authority, done.Address.Authority);
        Assert.Contains(visit.Browser.Trail, a => a.AbsolutePath == $"/sso/saml/{visit.Connection.Id}/slo");
        Assert.Contains("You are signed out", (await visit.Browser.GetAsync($"{host.Issuer}/signout", Ct)).Text, StringComparison.Ordinal);
        Assert.Equal("invalid_grant", (string?)(await visit.App.RefreshAsync(visit.Tokens.RefreshToken, Ct)).Body["error"]);
    }

    [Theory, InlineData("simplesamlphp"), InlineData("samlp")]
    public async Task A_sign_out_at_the_app_ends_the_session_there(string program)
    {
        await using var visit = await SignedInAsync(program);
        var home = $"{visit.App.App.RedirectUri}/out";

        var done = await visit.Browser.GetAsync(
            $"{host.Issuer}/connect/endsession?id_token_hint={visit.Tokens.Body["id_token"]}&post_logout_redirect_uri={Uri.EscapeDataString(home)}", Ct, a => a.AbsoluteUri.StartsWith(home, StringComparison.Ordinal));

        Assert.StartsWith(home, done.Address.AbsoluteUri, StringComparison.Ordinal);
        Assert.Contains(visit.Browser.Trail, a => a.AbsoluteUri.StartsWith(visit.Idp.SingleLogout, StringComparison.Ordinal));
        // Asked for a password again, because nobody is signed in there.
        Assert.NotNull((await visit.Browser.GetAsync(visit.App.Authorize(("login_hint", $"jane@{visit.Domain}")).Address, Ct)).Document.QuerySelector("input[name=password]"));
    }

    private sealed record Visit(SamlIdp Idp, Connection Connection, string Domain, RelyingParty App, WebBrowser Browser, TokenAnswer Tokens) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            Browser.Dispose();
            return Idp.DisposeAsync();
        }
    }

    private async Task<Visit> SignedInAsync(string program)
    {
        var domain = host.UniqueHost();
        var options = new SamlIdpOptions { Domain = domain };
        SamlIdp idp = program == "samlp" ? await SamlpIdp.StartAsync(options, Ct) : await SimpleSamlPhp.StartAsync(options, Ct);
        var connection = await ConnectAsync(idp, domain, change => change with { SloUrl = new Patch<string>(idp.SingleLogout) });
        await idp.RegisterAsync(await PartyAsync(connection, first: "signing") with { Slo = $"{host.Issuer}/sso/saml/{connection.Id}/slo" }, Ct);
        var app = await host.CreateAppAsync(Ct);
        var browser = new WebBrowser();
        var pending = app.Authorize(("login_hint", $"jane@{domain}"));
        var page = await idp.SignInAsync(browser, await browser.GetAsync(pending.Address, Ct), "jane", Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback);
        return new Visit(idp, connection, domain, app, browser, await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct));
    }

    /// <summary>From the identity provider's own metadata.</summary>
    private async Task<Connection> ConnectAsync(SamlIdp idp, string domain, Func<SamlConnectionChanges, SamlConnectionChanges> change)
    {
        var read = IdpMetadataReader.Read(await idp.MetadataAsync(Ct), null, TimeProvider.System.GetUtcNow(), allowHttp: true);
        Assert.True(read.IsOk, read.Failure?.ToString());
        var organization = await host.CreateOrganizationAsync(Ct);
        await host.VerifyDomainAsync(organization, Ct, domain);
        var settings = change(new SamlConnectionChanges
        {
            EntityId = read.Value.EntityId,
            SsoUrl = read.Value.SsoRedirectUrl,
            Subject = SamlSettings.SubjectIsEmailNameId,
            Certificates = new Patch<IReadOnlyList<CertificateFacts>>([.. read.Value.SigningCertificates.Select(c => new CertificateFacts(c.Thumbprint, Convert.ToBase64String(c.Der.Span), c.Subject, c.NotBefore, c.NotAfter))]),
        });
        var made = await host.UseAsync<SamlConnectionService, Connection>(s => s.CreateAsync(organization.Id, new NewSamlConnection("Theirs", settings) { TrustEmail = true }, Granter.Instance, Ct), organization.Id);
        return await host.UseAsync<ConnectionService, Connection>(s => s.ActivateAsync(organization.Id, made.Id, "Made by a test", Granter.Instance, Ct), organization.Id);
    }

    /// <summary>From our metadata, as an admin would paste it there.</summary>
    /// <param name="first">samlp knows one certificate of ours: what it is for comes first.</param>
    private async Task<SamlParty> PartyAsync(Connection connection, string first)
    {
        XNamespace md = "urn:oasis:names:tc:SAML:2.0:metadata", ds = "http://www.w3.org/2000/09/xmldsig#";
        var root = XElement.Parse(await host.Http.GetStringAsync(new Uri($"{host.Issuer}/sso/saml/{connection.Id}/metadata"), Ct));
        var keys = root.Descendants(md + "KeyDescriptor").ToLookup(k => (string?)k.Attribute("use"), k => k.Descendants(ds + "X509Certificate").Single().Value.ReplaceLineEndings(""));
        return new SamlParty((string)root.Attribute("entityID")!, (string)root.Descendants(md + "AssertionConsumerService").First().Attribute("Location")!, [.. keys[first], .. keys[first == "signing" ? "encryption" : "signing"]]); // required by the schema
    }
}

[Collection(SqliteHost.Name)]
public sealed class SamlSignInOnSqlite(SqliteIdp host) : SamlSignInTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SamlSignInOnPostgreSql(PostgreSqlIdp host) : SamlSignInTests(host);
