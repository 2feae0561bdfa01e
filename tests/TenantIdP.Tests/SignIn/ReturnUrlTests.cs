using System.Net;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.SignIn;

[Collection(SqliteHost.Name)]
[Trait("Attack", "F1")]
public sealed class ReturnUrlTests(SqliteIdp host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>OURS stands for the issuer.</summary>
    public static TheoryData<string> Shapes =>
    [
        "https://evil.example", "http://evil.example", "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example", "https:evil.example",
        "https:/evil.example", "https:\\\\evil.example", "HTTPS://EVIL.EXAMPLE", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", "file:///etc/passwd",
        "ftp://evil.example", "mailto:a@evil.example", "//evil.example/connect/authorize?client_id=x", "/\tevil.example", "/\n/evil.example", "/\r\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example",
        "/%09/evil.example", "/%2f/evil.example", "/%5cevil.example", "%2f%2fevil.example", "/.//evil.example", "/..//evil.example", "/connect/..//evil.example", "/connect/authorize/..//evil.example",
        "/connect/authorize@evil.example", "/connect/authorize.evil.example", "/connect/authorize//evil.example", "/connect/authorizeX?client_id=x", "/connect/authorize", "/connect/authorize?", "/connect/authorize?client_id=x",
        "/connect/authorize?interaction=forged", "/connect/authorize?client_id=x#//evil.example", "/connect/authorize\\?x=1", "/connect/authorize?x=\u0000", "/connect/authorize?x=\u202e", "/CONNECT/AUTHORIZE?client_id=x",
        "/connect/token?client_id=x", "/connect/endsession?post_logout_redirect_uri=https://evil.example", "/signin", "/", "", "?", "#", ".", "..", "evil.example", "@evil.example", "/@evil.example", "OURS", "OURS@evil.example/",
        "OURS.evil.example/connect/authorize?x=1", "OURS/connect/authorize?client_id=x", "https://evil.example/OURS/connect/authorize", "http://localhost:1/connect/authorize?x=1", "／／evil.example", "/〱evil.example", "/connect/authorize？x=1",
    ];

    [Theory, MemberData(nameof(Shapes))]
    public async Task A_return_that_is_not_a_pending_request_leads_nowhere(string shape)
    {
        var back = shape.Replace("OURS", host.Issuer, StringComparison.Ordinal);
        using var browser = new WebBrowser();
        foreach (var path in (string[])["/signin", "/signin/password", "/organizations/choose", "/signout"])
        {
            var page = await browser.GetAsync($"{host.Issuer}{path}?return={Uri.EscapeDataString(back)}", Ct, u => u.GetLeftPart(UriPartial.Authority) != host.Issuer);

            Assert.Equal(host.Issuer, page.Address.GetLeftPart(UriPartial.Authority));
            Assert.DoesNotContain(page.Document.Links.Select(l => l.GetAttribute("href") ?? ""), href => href.Contains("evil", StringComparison.OrdinalIgnoreCase) && !href.StartsWith("/signin?", StringComparison.Ordinal));
            if (path == "/signin" && back.Length > 0) Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        }
    }

    [Theory, InlineData("/signin?return=a&return=b"), InlineData("/connect/authorize?client_id=a&client_id=b"), InlineData("/signout?return=a&return=b")]
    [Trait("Attack", "F2")]
    public async Task A_repeated_parameter_is_refused(string path)
    {
        using var browser = new WebBrowser();

        var page = await browser.GetAsync(host.Issuer + path, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Contains("must appear once", page.Text, StringComparison.Ordinal);
    }
}
