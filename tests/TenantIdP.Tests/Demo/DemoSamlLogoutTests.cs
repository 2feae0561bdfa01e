using System.Net;
using System.Xml.Linq;
using TenantIdP.Demo.SamlIdp;
using TenantIdP.Testing.Clients;
using Xunit;
using static TenantIdP.Tests.Demo.SamlByHand;

namespace TenantIdP.Tests.Demo;

/// <summary>Signing out at the demo's SAML provider, started at either end.</summary>
public sealed class DemoSamlLogoutTests : IDisposable
{
    private readonly WebBrowser _browser = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task An_application_that_signs_somebody_out_gets_a_signed_answer_and_the_session_is_gone()
    {
        await using var idp = await StartAsync(Ct);
        var (name, index) = await SignedInAsync(idp);

        var back = await _browser.GetAsync(idp.ByRedirect("/slo", LogoutRequest(name, index), "where I was"), Ct, IsApplication);
        var answer = Redirected(back.Address, "SAMLResponse", idp);

        Assert.Equal(Slo, back.Address.GetLeftPart(UriPartial.Path));
        Assert.Equal("where I was", Query(back.Address, "RelayState"));
        Assert.Equal((Protocol + "LogoutResponse", "_logout", Slo), (answer.Name, (string?)answer.Attribute("InResponseTo"), (string?)answer.Attribute("Destination")));
        Assert.Equal(["Success"], Codes(answer));
        Assert.False(await IsSignedInAsync(idp));
    }

    [Fact]
    public async Task A_logout_that_is_posted_from_another_site_without_a_cookie_ends_the_session_it_names()
    {
        await using var idp = await StartAsync(Ct);
        var (name, index) = await SignedInAsync(idp);
        using var elsewhere = new WebBrowser();

        using var answer = await elsewhere.PostAsync(new Uri(idp.Url, "/slo"), Base64(LogoutRequest(name, index).ToString()), Ct);

        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.Equal(["Success"], Codes(Redirected(answer.Headers.Location!, "SAMLResponse", idp))); // a redirect has a location
        Assert.False(await IsSignedInAsync(idp));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_logout_for_somebody_else_ends_nothing(bool withIndex)
    {
        await using var idp = await StartAsync(Ct);
        var (_, index) = await SignedInAsync(idp);

        var back = await _browser.GetAsync(idp.ByRedirect("/slo", LogoutRequest(Bob.Subject, withIndex ? index : null)), Ct, IsApplication);

        Assert.Equal(["Requester", "UnknownPrincipal"], Codes(Redirected(back.Address, "SAMLResponse", idp)));
        Assert.True(await IsSignedInAsync(idp));
    }

    [Fact]
    public async Task The_button_tells_every_application_in_turn()
    {
        await using var idp = await StartAsync(Ct);
        var (name, index) = await SignedInAsync(idp);
        await _browser.GetAsync(idp.ByRedirect("/sso", AuthnRequest(acs: OtherAcs, issuer: OtherEntityId)), Ct);

        var page = await _browser.SubmitAsync(await _browser.GetAsync(idp.Url, Ct), new Dictionary<string, string>(), Ct, "form[action='/sign-out']", IsApplication);
        var told = new List<string>();
        while (IsApplication(page.Address))
        {
            var request = Redirected(page.Address, "SAMLRequest", idp);
            Assert.Equal((Protocol + "LogoutRequest", name, index), (request.Name, request.Element(Assertion + "NameID")?.Value, request.Element(Protocol + "SessionIndex")?.Value));
            told.Add(page.Address.GetLeftPart(UriPartial.Path));
            page = await _browser.GetAsync(idp.ByRedirect("/slo", new XElement(Protocol + "LogoutResponse"), Query(page.Address, "RelayState"), "SAMLResponse"), Ct, IsApplication);
        }

        Assert.Equal([Slo, OtherSlo], told.Order());
        Assert.Contains("You are signed out", page.Text, StringComparison.Ordinal);
        Assert.False(await IsSignedInAsync(idp));
    }

    [Fact]
    public async Task The_application_that_asked_is_answered_after_the_others_were_told()
    {
        await using var idp = await StartAsync(Ct);
        var (name, index) = await SignedInAsync(idp);
        await _browser.GetAsync(idp.ByRedirect("/sso", AuthnRequest(acs: OtherAcs, issuer: OtherEntityId)), Ct);

        var other = await _browser.GetAsync(idp.ByRedirect("/slo", LogoutRequest(name, index), "mine"), Ct, IsApplication);
        var back = await _browser.GetAsync(idp.ByRedirect("/slo", new XElement(Protocol + "LogoutResponse"), Query(other.Address, "RelayState"), "SAMLResponse"), Ct, IsApplication);

        Assert.Equal(OtherSlo, other.Address.GetLeftPart(UriPartial.Path));
        Assert.Equal((Slo, "mine"), (back.Address.GetLeftPart(UriPartial.Path), Query(back.Address, "RelayState")));
        Assert.Equal(["Success"], Codes(Redirected(back.Address, "SAMLResponse", idp)));
    }

    [Fact]
    public async Task A_stranger_who_signs_out_is_sent_nowhere()
    {
        await using var idp = await StartAsync(Ct);

        var page = await _browser.GetAsync(idp.ByRedirect("/slo", LogoutRequest("nobody", "nothing", "https://evil.example/metadata")), Ct);

        Assert.Equal((HttpStatusCode.OK, idp.Url.Authority), (page.Status, page.Address.Authority));
        Assert.Contains("You are signed out", page.Text, StringComparison.Ordinal);
    }

    private async Task<(string Name, string Index)> SignedInAsync(DemoSamlIdp idp)
    {
        var root = XElement.Parse((await _browser.SignInAsync(idp, AuthnRequest(), Ct)).Response());
        return (root.Descendants(Assertion + "NameID").Single().Value, root.Descendants(Assertion + "AuthnStatement").Single().Attribute("SessionIndex")!.Value);
    }

    private async Task<bool> IsSignedInAsync(DemoSamlIdp idp) => (await _browser.GetAsync(idp.Url, Ct)).Text.Contains("You are signed in here", StringComparison.Ordinal);

    private static bool IsApplication(Uri address) => address.Port == 5999;

    private static IEnumerable<string> Codes(XElement answer) => answer.Descendants(Protocol + "StatusCode").Select(code => code.Attribute("Value")!.Value.Split(':')[^1]);
}
