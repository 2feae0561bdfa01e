using System.Net;
using System.Net.Http.Headers;
using System.Text;
using TenantIdP.Demo.Idp;
using Xunit;

namespace TenantIdP.Tests.Demo;

/// <summary>What no application and no page sends to the demo's OpenID provider is the sender's fault, and told so.</summary>
public sealed class DemoOidcHostileInputTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, int> Bodies
    {
        get
        {
            var bodies = new TheoryData<string, string, int>();
            foreach (var path in new[] { "/authorize", "/login", "/token", "/end_session" })
            {
                bodies.Add(path, "application/x-www-form-urlencoded", 10 * 1024 * 1024);
                bodies.Add(path, "application/x-www-form-urlencoded", 5_000); // one key of that length: more than a form may have
                bodies.Add(path, "multipart/form-data; boundary=x", 100);
                bodies.Add(path, "application/json", 100);
                bodies.Add(path, "no type at all", 100);
            }

            return bodies;
        }
    }

    [Theory, MemberData(nameof(Bodies))]
    public async Task A_body_that_is_no_small_form_is_refused(string path, string type, int length)
    {
        await using var idp = await DemoIdp.StartAsync(new()
        {
            Name = "Globex",
            Issuer = new Uri("http://127.0.0.1:0"),
            ClientId = "app",
            ClientSecret = "secret",
            RedirectUris = ["http://localhost:5999/callback"],
            People = [],
        }, TimeProvider.System, Ct);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(idp.Issuer, path)) { Content = new ByteArrayContent(Encoding.ASCII.GetBytes(new string('a', length))) };
        request.Headers.ExpectContinue = true; // the refusal comes before the body is sent
        if (MediaTypeHeaderValue.TryParse(type, out var known)) request.Content.Headers.ContentType = known;
        else request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var answer = await client.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("An ordinary form is expected.", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }
}
