using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Xml.Linq;
using TenantIdP.Demo.SamlIdp;
using TenantIdP.Testing.Clients;
using Xunit;
using static TenantIdP.Tests.Demo.SamlByHand;

namespace TenantIdP.Tests.Demo;

/// <summary>What no application sends ends on a page with status 400: no answer leaves, nothing breaks.</summary>
public sealed class DemoSamlHostileInputTests : IAsyncLifetime
{
    private readonly WebBrowser _browser = new();
    private DemoSamlIdp _idp = null!; // set before every test

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _idp = await StartAsync(Ct);

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _idp.DisposeAsync();
    }

    [Theory]
    [InlineData("http://evil.example/sso/saml/con_1/acs")]
    [InlineData("https://localhost:5999/sso/saml/con_1/acs")]
    [InlineData("http://localhost:5998/sso/saml/con_1/acs")]
    [InlineData("http://localhost:5999@evil.example/sso/saml/con_1/acs")]
    [InlineData("http://user@localhost:5999/sso/saml/con_1/acs")]
    [InlineData("http://localhost:5999/sso/saml/con_1/x/acs")]
    [InlineData("http://localhost:5999/sso/saml//acs")]
    [InlineData("http://localhost:5999/sso/saml/con_1/acs/../../../../steal")]
    [InlineData("http://localhost:5999/sso/saml/con_1/acs?more=1")]
    [InlineData("http://localhost:5999/sso/saml/con_1/acs#more")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/sso/saml/con_1/acs")]
    [InlineData("")]
    public async Task An_address_that_is_not_registered_is_never_answered(string acs)
    {
        var page = await _browser.GetAsync(_idp.ByRedirect("/sso", AuthnRequest(acs: acs)), Ct);

        AssertRefused(page.Status, page.Text, "not registered");
    }

    public static TheoryData<string, string> Unfit => new()
    {
        { "not a request", "<a/>" },
        { "the right name in no namespace", "<AuthnRequest ID='_1' Version='2.0'/>" },
        { "another version", Changed("Version", "1.1") },
        { "no id", Changed("ID", null) },
        { "an id that is no name", Changed("ID", "1 2") },
        { "a very long id", Changed("ID", new string('a', 300)) },
        { "another destination", Changed("Destination", "https://other.example/sso") },
        { "another binding", Changed("ProtocolBinding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact") },
        { "no issuer", AuthnRequest(issuer: "").ToString() },
        { "a DOCTYPE", "<!DOCTYPE a>" + AuthnRequest() },
        { "an external entity", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + AuthnRequest(issuer: "X").ToString().Replace(">X<", ">&x;<", StringComparison.Ordinal) },
        { "a thousand laughs", "<!DOCTYPE a [<!ENTITY x 'ha'><!ENTITY y '&x;&x;&x;&x;&x;&x;&x;&x;'>]><a>&y;</a>" },
        { "two roots", "<a/><a/>" },
        { "half a document", AuthnRequest().ToString()[..80] },
        { "twenty levels", Nested(20) },
        { "six thousand levels", Nested(6_000) },
        { "nothing", " " },
    };

    [Theory, MemberData(nameof(Unfit))]
    public async Task What_is_no_request_that_can_be_answered_is_refused_on_a_page(string what, string xml)
    {
        Assert.NotEmpty(what);
        foreach (var path in new[] { "/sso", "/slo" })
        {
            using var redirected = await RedirectAsync(path, Deflated(Encoding.UTF8.GetBytes(xml)));
            AssertRefused(redirected.StatusCode, await redirected.Content.ReadAsStringAsync(Ct), "cannot start");
            using var posted = await _browser.PostAsync(new Uri(_idp.Url, path), Base64(xml), Ct);
            AssertRefused(posted.StatusCode, await posted.Content.ReadAsStringAsync(Ct), "cannot start");
        }
    }

    [Theory]
    [InlineData("bad base64", "%%%")]
    [InlineData("base64 of nothing that inflates", "AAAAAAAAAAAA")]
    [InlineData("nothing", "")]
    public async Task What_its_binding_cannot_decode_is_refused(string what, string encoded)
    {
        Assert.NotEmpty(what);
        foreach (var path in new[] { "/sso", "/slo" })
        {
            using var redirected = await RedirectAsync(path, encoded);
            AssertRefused(redirected.StatusCode, await redirected.Content.ReadAsStringAsync(Ct), "cannot start");
            using var posted = await _browser.PostAsync(new Uri(_idp.Url, path), encoded, Ct);
            AssertRefused(posted.StatusCode, await posted.Content.ReadAsStringAsync(Ct), "cannot start");
        }
    }

    [Fact]
    public async Task Ten_megabytes_in_a_small_query_are_not_inflated()
    {
        var bomb = Deflated(new byte[10 * 1024 * 1024]);
        Assert.InRange(bomb.Length, 1, 20_000);
        foreach (var path in new[] { "/sso", "/slo" })
        {
            using var answer = await RedirectAsync(path, bomb);
            AssertRefused(answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct), "too long");
        }
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused()
    {
        using var answer = await RedirectAsync("/sso", Deflated([0xff, 0xfe, 0x3c, 0x00, 0xc3, 0x28]));

        AssertRefused(answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct), "not XML");
    }

    [Theory]
    [InlineData("/sso", "application/x-www-form-urlencoded", 10 * 1024 * 1024)]
    [InlineData("/slo", "application/x-www-form-urlencoded", 10 * 1024 * 1024)]
    [InlineData("/login", "application/x-www-form-urlencoded", 10 * 1024 * 1024)]
    [InlineData("/sso", "application/x-www-form-urlencoded", 5_000)] // one key of that length: more than a form may have
    [InlineData("/sso", "multipart/form-data; boundary=x", 100)]
    [InlineData("/slo", "application/json", 100)]
    [InlineData("/login", "text/xml", 100)]
    [InlineData("/sso", "no type at all", 100)]
    public async Task A_body_that_is_no_small_form_is_refused(string path, string type, int length)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_idp.Url, path)) { Content = new ByteArrayContent(Encoding.ASCII.GetBytes(new string('a', length))) };
        request.Headers.ExpectContinue = true; // the refusal comes before the body is sent
        if (MediaTypeHeaderValue.TryParse(type, out var known)) request.Content.Headers.ContentType = known;
        else request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var answer = await _browser.SendAsync(request, Ct);

        AssertRefused(answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct), "This sign-");
    }

    [Theory]
    [InlineData("")]
    [InlineData("?SAMLRequest=a&SAMLRequest=a")]
    [InlineData("?SAMLRequest=a&SAMLResponse=a")]
    [InlineData("?RelayState=a")]
    public async Task One_message_is_expected_and_not_another_number(string query)
    {
        foreach (var path in new[] { "/sso", "/slo" })
        {
            var page = await _browser.GetAsync(new Uri(_idp.Url, path + query), Ct);
            AssertRefused(page.Status, page.Text, "Exactly one");
        }
    }

    [Fact]
    public async Task Handles_that_nobody_gave_out_lead_nowhere()
    {
        foreach (var path in new[] { "/sign-in", "/sign-in?request=", "/sign-in?request=guess", "/sign-in?request=a&request=b" })
        {
            var page = await _browser.GetAsync(new Uri(_idp.Url, path), Ct);
            AssertRefused(page.Status, page.Text, "has ended");
        }
    }

    [Theory, InlineData("/login"), InlineData("/start"), InlineData("/sign-out")]
    public async Task A_form_of_ours_that_another_site_posts_is_refused(string path)
    {
        await _browser.SignInAsync(_idp, AuthnRequest(), Ct);

        using var answer = await _browser.PostAsync(new Uri(_idp.Url, path), "x", Ct);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("You are signed in here", (await _browser.GetAsync(_idp.Url, Ct)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_that_hold_markup_are_shown_as_text()
    {
        const string Markup = "\"><script>alert(1)</script>";
        var page = await _browser.SignInAsync(_idp, AuthnRequest(issuer: Markup), Ct, Markup);

        Assert.Equal(Markup, page.Field("RelayState"));
        Assert.Equal(Markup, XElement.Parse(page.Response()).Descendants(Assertion + "Audience").Single().Value);
        Assert.Equal("/post.js", Assert.Single(page.Document.QuerySelectorAll("script")).GetAttribute("src"));
    }

    private Task<HttpResponseMessage> RedirectAsync(string path, string encoded) =>
        _browser.SendAsync(new(HttpMethod.Get, new Uri(_idp.Url, $"{path}?SAMLRequest={Uri.EscapeDataString(encoded)}")), Ct);

    private static void AssertRefused(HttpStatusCode status, string text, string says)
    {
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(says, text, StringComparison.Ordinal);
        Assert.DoesNotContain("SAMLResponse\" value", text, StringComparison.Ordinal);
    }

    private static string Changed(string attribute, string? value)
    {
        var request = AuthnRequest();
        request.SetAttributeValue(attribute, value);
        return request.ToString();
    }

    // An application could be answered, were it not for the depth.
    private static string Nested(int levels) =>
        AuthnRequest(issuer: "X").ToString().Replace("</AuthnRequest>", $"{string.Concat(Enumerable.Repeat("<a>", levels))}{string.Concat(Enumerable.Repeat("</a>", levels))}</AuthnRequest>", StringComparison.Ordinal);
}
