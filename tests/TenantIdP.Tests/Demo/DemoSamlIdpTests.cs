using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Demo.SamlIdp;
using TenantIdP.Testing.Clients;
using Xunit;
using static TenantIdP.Tests.Demo.SamlByHand;

namespace TenantIdP.Tests.Demo;

/// <summary>Signing in at the demo's SAML provider, as an application that was written by somebody else sees it.</summary>
public sealed class DemoSamlIdpTests : IDisposable
{
    private readonly WebBrowser _browser = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task Metadata_names_the_provider_its_certificate_and_both_bindings_of_both_services()
    {
        await using var idp = await StartAsync(Ct);
        using var answer = await _browser.SendAsync(new(HttpMethod.Get, new Uri(idp.Url, "/metadata")), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        var metadata = XElement.Parse(text);

        Assert.Equal("application/samlmetadata+xml", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(idp.MetadataXml, text);
        Assert.Equal((Metadata + "EntityDescriptor", idp.EntityId), (metadata.Name, (string?)metadata.Attribute("entityID")));
        foreach (var (service, path) in new[] { ("SingleSignOnService", "/sso"), ("SingleLogoutService", "/slo") })
        {
            var found = metadata.Descendants(Metadata + service).ToList();
            Assert.Equal(["HTTP-POST", "HTTP-Redirect"], found.Select(one => one.Attribute("Binding")!.Value.Split(':')[^1]).Order());
            Assert.All(found, one => Assert.Equal(new Uri(idp.Url, path).AbsoluteUri, (string?)one.Attribute("Location")));
        }

        using var inMetadata = idp.Certificate();
        using var shown = X509Certificate2.CreateFromPem(idp.CertificatePem);
        Assert.Equal(inMetadata.Thumbprint, shown.Thumbprint);
    }

    [Theory, InlineData("redirect"), InlineData("post")]
    public async Task A_request_by_either_binding_leads_to_an_assertion_that_the_metadata_vouches_for(string binding)
    {
        await using var idp = await StartAsync(Ct);
        var page = await AskAsync(idp, binding, AuthnRequest("_asked"), "a state & more");
        page = await _browser.SubmitAsync(page, Ct, ("email", Ann.Email));
        var (response, root) = (page.Response(), XElement.Parse(page.Response()));
        var assertion = root.Elements(Assertion + "Assertion").Single();

        Assert.True(IsSigned(response, "Assertion", idp));
        Assert.Equal((Acs, "a state & more"), (page.Form().GetAttribute("action"), page.Field("RelayState")));
        Assert.Equal((Acs, "_asked"), ((string?)root.Attribute("Destination"), (string?)root.Attribute("InResponseTo")));
        Assert.Equal([idp.EntityId, idp.EntityId], root.DescendantsAndSelf(Assertion + "Issuer").Select(issuer => issuer.Value));
        var confirmed = assertion.Descendants(Assertion + "SubjectConfirmationData").Single();
        Assert.Equal((Acs, "_asked"), ((string?)confirmed.Attribute("Recipient"), (string?)confirmed.Attribute("InResponseTo")));
        Assert.Equal(EntityId, assertion.Descendants(Assertion + "Audience").Single().Value);
        Assert.NotEmpty(assertion.Element(Assertion + "AuthnStatement")!.Attribute("SessionIndex")!.Value);
        Assert.Equal(["email=ann@acme.test", "firstName=Ann", "lastName=Acheson", "groups=Finance,Owners"], Attributes(assertion));
    }

    [Fact]
    public async Task A_person_keeps_one_opaque_name_over_a_restart_and_shares_it_with_nobody()
    {
        var names = new List<string>();
        foreach (var person in new[] { Ann, Ann, Bob })
        {
            await using var idp = await StartAsync(Ct);
            using var browser = new WebBrowser();
            var nameId = XElement.Parse((await browser.SignInAsync(idp, AuthnRequest(), Ct, person: person)).Response()).Descendants(Assertion + "NameID").Single();
            Assert.Equal(Persistent, (string?)nameId.Attribute("Format"));
            names.Add(nameId.Value);
        }

        Assert.Equal(names[0], names[1]);
        Assert.NotEqual(names[0], names[2]);
        Assert.DoesNotContain(names, name => name.Contains('@', StringComparison.Ordinal));
    }

    [Theory, InlineData("redirect"), InlineData("post")]
    public async Task A_browser_that_is_signed_in_is_asked_again_only_when_the_application_insists(string binding)
    {
        await using var idp = await StartAsync(Ct);
        await _browser.SignInAsync(idp, AuthnRequest(), Ct);

        var quiet = await AskAsync(idp, binding, AuthnRequest("_second"));
        var insistent = await AskAsync(idp, binding, AuthnRequest("_third", more: new XAttribute("ForceAuthn", "true")));

        Assert.Equal("_second", (string?)XElement.Parse(quiet.Response()).Attribute("InResponseTo"));
        Assert.Contains("Choose who you are", insistent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_passive_request_for_nobody_and_a_name_that_is_not_given_out_get_a_signed_refusal()
    {
        await using var idp = await StartAsync(Ct);
        var passive = await _browser.GetAsync(idp.ByRedirect("/sso", AuthnRequest(more: new XAttribute("IsPassive", "1"))), Ct);
        var policy = new XElement(Protocol + "NameIDPolicy", new XAttribute("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"));
        var transient = await _browser.GetAsync(idp.ByRedirect("/sso", AuthnRequest(more: policy)), Ct);

        Assert.Equal(["Responder", "NoPassive"], Refusal(passive, idp));
        Assert.Equal(["Requester", "InvalidNameIDPolicy"], Refusal(transient, idp));
    }

    [Theory, InlineData("query"), InlineData("subject"), InlineData("name")]
    public async Task Whom_the_application_expects_is_offered_first(string way)
    {
        await using var idp = await StartAsync(Ct);
        XElement Subject(string text) => new(Assertion + "Subject", new XElement(Assertion + "NameID", text));

        var address = way switch
        {
            "query" => new Uri($"{idp.ByRedirect("/sso", AuthnRequest())}&login_hint=bob%40acme.test"),
            "subject" => idp.ByRedirect("/sso", AuthnRequest(more: Subject("bob@acme.test"))),
            _ => idp.ByRedirect("/sso", AuthnRequest(more: Subject(Bob.Subject))),
        };
        var page = await _browser.GetAsync(address, Ct);

        Assert.Equal("Continue as Bob Barlow", page.Document.QuerySelector("button.primary")?.TextContent);
    }

    [Fact]
    public async Task Anybody_may_sign_in_but_what_is_no_address_is_asked_for_again()
    {
        await using var idp = await StartAsync(Ct);
        var page = await _browser.GetAsync(idp.ByRedirect("/sso", AuthnRequest()), Ct);
        foreach (var typed in new[] { "nobody", "\"a\u0001b\"@acme.test", new string('a', 300) + "@acme.test" })
        {
            page = await _browser.SubmitAsync(page, Ct, ("email", typed));
            Assert.Equal(HttpStatusCode.BadRequest, page.Status);
            Assert.Contains("That is not an email address.", page.Text, StringComparison.Ordinal);
        }

        page = await _browser.SubmitAsync(page, Ct, ("email", "new@acme.test"));

        Assert.Equal(["email=new@acme.test", "firstName=new", "groups="], Attributes(XElement.Parse(page.Response())));
    }

    [Fact]
    public async Task Only_the_page_that_posts_may_run_a_script_and_only_from_a_file()
    {
        await using var idp = await StartAsync(Ct);
        var asked = await _browser.GetAsync(idp.ByRedirect("/sso", AuthnRequest()), Ct);
        var answered = await _browser.SubmitAsync(asked, Ct, ("email", Ann.Email));
        using var script = await _browser.SendAsync(new(HttpMethod.Get, new Uri(idp.Url, "/post.js")), Ct);

        Assert.DoesNotContain("script-src", Policy(asked), StringComparison.Ordinal);
        Assert.EndsWith("script-src 'self'", Policy(answered), StringComparison.Ordinal);
        Assert.Equal(["/post.js"], answered.Document.QuerySelectorAll("script").Select(one => one.TextContent.Length == 0 ? one.GetAttribute("src") : "inline"));
        Assert.Equal("Continue", answered.Form().QuerySelector("button")?.TextContent);
        Assert.Equal("text/javascript", script.Content.Headers.ContentType?.MediaType);
        Assert.Contains("submit()", await script.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_home_page_opens_the_last_application_without_a_request()
    {
        await using var idp = await StartAsync(Ct);
        await _browser.SignInAsync(idp, AuthnRequest(), Ct);
        var home = await _browser.GetAsync(idp.Url, Ct);

        var page = await _browser.SubmitAsync(home, new Dictionary<string, string>(), Ct, "form[action='/start']");

        Assert.Contains("ann@acme.test", home.Text, StringComparison.Ordinal);
        Assert.True(IsSigned(page.Response(), "Assertion", idp));
        Assert.Equal((Acs, null), (page.Form().GetAttribute("action"), page.Field("RelayState")));
        Assert.DoesNotContain(XElement.Parse(page.Response()).DescendantsAndSelf(), one => one.Attribute("InResponseTo") is not null);
    }

    [Fact]
    public async Task The_expired_certificate_ended_twelve_days_before_the_start_and_still_signs()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 20, 12, 0, 0, TimeSpan.Zero));
        await using var idp = await StartAsync(Ct, DemoSamlIdpFault.ExpiredCertificate, clock);
        var page = await _browser.SignInAsync(idp, AuthnRequest(), Ct);

        using var certificate = idp.Certificate();
        Assert.Equal(new DateTime(2026, 3, 8, 12, 0, 0, DateTimeKind.Utc), certificate.NotAfter.ToUniversalTime());
        Assert.True(IsSigned(page.Response(), "Assertion", idp));
        Assert.Equal("2026-03-20T12:00:00.000Z", (string?)XElement.Parse(page.Response()).Attribute("IssueInstant"));
    }

    [Theory, InlineData(DemoSamlIdpFault.None), InlineData(DemoSamlIdpFault.ExpiredCertificate)]
    public async Task A_key_that_is_kept_outlives_a_restart_and_is_nobody_elses_to_read(DemoSamlIdpFault fault)
    {
        var folder = Directory.CreateTempSubdirectory("tenantidp-demo-");
        try
        {
            var file = Path.Combine(folder.FullName, "key.pem");
            string first;
            await using (var idp = await StartAsync(Ct, fault, keyFile: file)) first = idp.CertificatePem;
            await using var again = await StartAsync(Ct, fault, keyFile: file);
            await using var other = await StartAsync(Ct, fault, keyFile: Path.Combine(folder.FullName, "other.pem"));

            Assert.Equal(first, again.CertificatePem);
            Assert.NotEqual(first, other.CertificatePem);
            Assert.True(IsSigned((await _browser.SignInAsync(again, AuthnRequest(), Ct)).Response(), "Assertion", again));
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_foreign_key_is_not_the_one_in_the_metadata()
    {
        await using var idp = await StartAsync(Ct, DemoSamlIdpFault.ForeignKey);
        var page = await _browser.SignInAsync(idp, AuthnRequest(), Ct);

        Assert.False(IsSigned(page.Response(), "Assertion", idp));
        using var certificate = idp.Certificate();
        Assert.True(certificate.NotAfter > TimeProvider.System.GetLocalNow());
    }

    private async Task<WebPage> AskAsync(DemoSamlIdp idp, string binding, XElement request, string? relayState = null)
    {
        if (binding == "redirect")
            return await _browser.GetAsync(idp.ByRedirect("/sso", request, relayState), Ct);

        using var answer = await _browser.PostAsync(new Uri(idp.Url, "/sso"), Base64(request.ToString()), Ct, relayState);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return await _browser.GetAsync(new Uri(idp.Url, answer.Headers.Location!), Ct); // a redirect has a location
    }

    private static IEnumerable<string> Refusal(WebPage page, DemoSamlIdp idp)
    {
        Assert.True(IsSigned(page.Response(), "Response", idp));
        var root = XElement.Parse(page.Response());
        Assert.Empty(root.Elements(Assertion + "Assertion"));
        return root.Descendants(Protocol + "StatusCode").Select(code => code.Attribute("Value")!.Value.Split(':')[^1]);
    }

    private static IEnumerable<string> Attributes(XElement assertion) =>
        assertion.Descendants(Assertion + "Attribute").Select(one => $"{one.Attribute("Name")?.Value}={string.Join(',', one.Elements().Select(value => value.Value))}");

    private static string Policy(WebPage page) => Assert.Single(page.Response.Headers.GetValues("Content-Security-Policy"));
}
