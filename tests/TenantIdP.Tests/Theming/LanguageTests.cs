using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Theming;

public abstract class LanguageTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, "en", "Sign in")]
    [InlineData("de", "de", "Anmelden")]
    [InlineData("de-CH,fr;q=0.9", "de", "Anmelden")]
    [InlineData("fr-FR,de;q=0.4,en;q=0.8", "en", "Sign in")]
    [InlineData("fr,de;q=0", "en", "Sign in")]
    [InlineData("en-GB,de", "en", "Sign in")]
    [InlineData("*", "en", "Sign in")]
    [InlineData("de;q=abc;;,,\"", "en", "Sign in")]
    public async Task A_page_is_in_the_browser_s_language(string? accepted, string language, string heading)
    {
        var page = await GetAsync($"{host.Issuer}/signin", accepted);

        Assert.Equal(language, page.Document.DocumentElement.GetAttribute("lang"));
        Assert.Equal("ltr", page.Document.DocumentElement.GetAttribute("dir"));
        Assert.Equal(heading, page.Document.QuerySelector("h1")?.TextContent);
        Assert.Equal(heading, page.Document.Title);
    }

    [Theory]
    [InlineData("de", "en", "de")]
    [InlineData("fr de en", "en", "de")]
    [InlineData("fr tlh", "de", "de")]
    [InlineData("en", "de", "en")]
    [InlineData("\"><script>", "de", "de")]
    public async Task The_app_s_wish_comes_before_the_browser_s(string wanted, string accepted, string language)
    {
        var app = await host.CreateAppAsync(Ct);
        var pending = app.Authorize(("ui_locales", wanted));

        var page = await GetAsync(pending.Address.AbsoluteUri, accepted);

        Assert.Equal(language, page.Document.DocumentElement.GetAttribute("lang"));
    }

    [Fact]
    public async Task An_error_is_told_in_the_reader_s_language()
    {
        var page = await GetAsync($"{host.Issuer}/nothing-here", "de");

        Assert.Equal("Hier ist nichts", page.Document.QuerySelector("h1")?.TextContent);
        Assert.Equal("Unter dieser Adresse gibt es nichts.", page.Document.QuerySelector("[role=alert]")?.TextContent);
    }

    [Fact]
    public async Task A_language_that_is_written_from_right_to_left_turns_the_page()
    {
        var page = await GetAsync($"{host.Issuer}/signin", "qps-plocm");

        Assert.Equal("rtl", page.Document.DocumentElement.GetAttribute("dir"));
        Assert.StartsWith("⟦", page.Document.QuerySelector("h1")?.TextContent, StringComparison.Ordinal);
    }

    /// <summary>What fills a sentence is a name that somebody chose.</summary>
    [Fact]
    public async Task A_name_in_a_sentence_stays_text()
    {
        var app = await host.CreateAppAsync(Ct, a => a with { DisplayName = "<img src=x> {0} & \"Søn\"" });

        var page = await GetAsync(app.Authorize().Address.AbsoluteUri, "de");

        Assert.Equal("Bei <img src=x> {0} & \"Søn\" anmelden", page.Document.QuerySelector("h1")?.TextContent);
        Assert.Equal("<img src=x> {0} & \"Søn\"", page.Document.QuerySelector("h1 bdi")?.TextContent);
    }

    private static async Task<WebPage> GetAsync(string address, string? accepted)
    {
        using var browser = new WebBrowser(through: accepted is null ? null : new AcceptLanguage(accepted));
        return await browser.GetAsync(address, Ct);
    }

    private sealed class AcceptLanguage(string value) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.TryAddWithoutValidation("Accept-Language", value);
            return base.SendAsync(request, cancellationToken);
        }
    }
}

[Collection(SqliteHost.Name)]
public sealed class LanguageOnSqlite(SqliteIdp host) : LanguageTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class LanguageOnPostgreSql(PostgreSqlIdp host) : LanguageTests(host);
