using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Mail;

/// <summary>From a change in the database to the mail in the folder, and the page that shows it.</summary>
public abstract class MailDeliveryTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static NewMail To(string address, string person = "Zoë", Organization? organization = null, string? locale = null) => new(MailTemplate.BreakGlassUsed, EmailAddress.Parse(address))
    {
        Organization = organization?.Id ?? Organization.Instance,
        Locale = locale,
        Values = new Dictionary<string, string> { ["person"] = person, ["time"] = "12:00" },
    };

    private string NewAddress() => $"mail@{idp.UniqueHost()}";

    private async Task<IReadOnlyList<OutboxMessage>> WriteAsync(bool commit, params NewMail[] mails)
    {
        await using var scope = idp.Services.CreateAsyncScope();
        var (db, writer) = (scope.ServiceProvider.GetRequiredService<IdpDbContext>(), scope.ServiceProvider.GetRequiredService<MailWriter>());
        await using var transaction = await db.Database.BeginTransactionAsync(Ct);
        var written = new List<OutboxMessage>();
        foreach (var mail in mails)
        {
            if (mail.Organization != Organization.Instance) db.EnterOrganization(mail.Organization);
            written.Add(writer.Add(mail));
            await db.SaveChangesAsync(Ct);
        }

        if (commit) await transaction.CommitAsync(Ct);
        return written;
    }

    private Task<OutboxMessage> RowAsync(OutboxMessage message) =>
        idp.ReadAsync(db => db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(m => m.Id == message.Id, Ct));

    [Fact]
    public async Task It_is_sent_with_the_change_or_not_at_all_and_nothing_of_it_is_kept()
    {
        var (organization, address) = (await idp.CreateOrganizationAsync(Ct), NewAddress());

        await WriteAsync(commit: false, To(address, "Nobody", organization));
        var written = Assert.Single(await WriteAsync(commit: true, To(address, "Zoë Müller", organization, "de-AT")));

        var mail = Assert.Single(await idp.MailsToAsync(address, 1, Ct));
        Assert.Equal(written.Id.ToString(), mail.Id);
        Assert.Equal($"{organization.DisplayName}: eine Anmeldung am Single Sign-on vorbei", mail.Subject);
        Assert.Contains("Zoë Müller", mail.Text, StringComparison.Ordinal);
        Assert.Contains("lang=\"de\"", mail.Html, StringComparison.Ordinal);
        Assert.Contains($"Message-Id: <{written.Id}@localhost>", mail.File, StringComparison.OrdinalIgnoreCase); // the same at every try
        await Waiting.UntilAsync(async () => (await RowAsync(written)).State == OutboxState.Delivered, TimeSpan.FromSeconds(20), "the outcome is recorded", Ct);
        Assert.Equal("", (await RowAsync(written)).Payload);
    }

    [Fact]
    public async Task While_it_waits_neither_address_nor_text_can_be_read_in_the_database()
    {
        var (organization, address) = (await idp.CreateOrganizationAsync(Ct), NewAddress());

        var written = (await WriteAsync(commit: true, To(address, "Zoë Müller", organization)))[0];

        Assert.StartsWith("v1.", written.Payload, StringComparison.Ordinal);
        Assert.DoesNotContain(address, written.Payload + written.OrderingKey + written.Destination, StringComparison.OrdinalIgnoreCase);
        Assert.True(written.IsSealed);
    }

    [Fact]
    public async Task One_person_is_told_in_order()
    {
        var (organization, address) = (await idp.CreateOrganizationAsync(Ct), NewAddress());

        await WriteAsync(commit: true, [.. Enumerable.Range(0, 5).Select(i => To(address, $"Person {i}", organization))]);

        var mails = await idp.MailsToAsync(address, 5, Ct);
        var sent = mails.OrderBy(m => System.IO.File.GetLastWriteTimeUtc(m.Path)).Select(m => m.Text.Split(" signed")[0]);
        Assert.Equal(["Person 0", "Person 1", "Person 2", "Person 3", "Person 4"], sent);
    }

    [Fact]
    [Trait("Attack", "F3")]
    public async Task What_people_typed_makes_no_header_no_line_and_no_markup()
    {
        var (organization, address) = (await idp.CreateOrganizationAsync(Ct), NewAddress());

        await WriteAsync(commit: true, To(address, "Zoë\r\nBcc: victim@example.test\r\n\r\n<script>alert(1)</script>\u202Etxt\u0000\uD800", organization));

        var mail = Assert.Single(await idp.MailsToAsync(address, 1, Ct));
        Assert.DoesNotContain("\nBcc:", mail.File.Split("\n\n")[0].ReplaceLineEndings("\n"), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script", mail.Html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", mail.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(mail.Text, c => c is '\u202E' or '\0');
    }

    [Fact]
    public async Task What_is_no_longer_true_is_not_sent()
    {
        var (organization, address) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var now = TimeProvider.System.GetUtcNow();

        var written = await WriteAsync(commit: true, To(address, "Late", organization) with { NotAfter = now.AddSeconds(-1) }, To(address, "In time", organization) with { NotAfter = now.AddHours(1) });

        var mail = Assert.Single(await idp.MailsToAsync(address, 1, Ct));
        Assert.Contains("In time", mail.Text, StringComparison.Ordinal);
        Assert.Equal(OutboxState.Dead, (await RowAsync(written[0])).State);
    }

    [Theory]
    [Trait("Attack", "B2")]
    [InlineData("https://evil.example/x")]
    [InlineData("//evil.example/x")]
    [InlineData("/\\evil.example/x")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/a b")]
    [InlineData("/a\r\nBcc: x")]
    [InlineData("/\"><script>")]
    [InlineData("")]
    public async Task A_link_is_a_path_of_this_server(string link)
    {
        await using var scope = idp.Services.CreateAsyncScope();
        var mail = To(NewAddress()) with { Template = new MailTemplate("x", [], ["link"]), Values = new Dictionary<string, string>(), Links = new Dictionary<string, string> { ["link"] = link } };

        Assert.Throws<ArgumentException>(() => scope.ServiceProvider.GetRequiredService<MailWriter>().Add(mail));
    }

    [Fact]
    public async Task A_model_that_is_not_the_templates_is_a_bug_that_is_found_at_once()
    {
        await using var scope = idp.Services.CreateAsyncScope();
        var writer = scope.ServiceProvider.GetRequiredService<MailWriter>();

        Assert.Throws<ArgumentException>(() => writer.Add(To(NewAddress()) with { Values = new Dictionary<string, string> { ["person"] = "x" } }));
        Assert.Throws<ArgumentException>(() => writer.Add(To(NewAddress()) with { Values = new Dictionary<string, string> { ["person"] = "x", ["time"] = "y", ["more"] = "z" } }));
    }

    [Fact]
    public async Task The_page_shows_a_mail_and_nothing_of_it_runs()
    {
        var (organization, address) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var written = (await WriteAsync(commit: true, To(address, "<script>alert(1)</script>", organization)))[0];
        await idp.MailsToAsync(address, 1, Ct);

        var list = await idp.Http.GetStringAsync(idp.Issuer + "/dev/mail", Ct);
        var page = await idp.Http.GetStringAsync($"{idp.Issuer}/dev/mail/{written.Id}", Ct);
        using var html = await idp.Http.GetAsync($"{idp.Issuer}/dev/mail/{written.Id}/html", Ct);

        Assert.Contains(address, list, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page + await html.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        var policy = Assert.Single(html.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.EndsWith("; sandbox", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("script-src", policy, StringComparison.Ordinal);
        Assert.Equal("no-store", html.Headers.CacheControl?.ToString());
    }

    [Theory]
    [InlineData("/dev/mail/msg_00000000000000000000000000")]
    [InlineData("/dev/mail/..%2f..%2fetc%2fpasswd")]
    [InlineData("/dev/mail/..%2f..%2fetc%2fpasswd/html")]
    [InlineData("/dev/mail/nothing/html")]
    public async Task Anything_but_the_id_of_a_mail_is_not_found(string path) => Assert.Equal(HttpStatusCode.NotFound, (await idp.Http.GetAsync(idp.Issuer + path, Ct)).StatusCode);

    [Fact]
    public async Task A_foreign_host_sees_no_mails()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, idp.Issuer + "/dev/mail") { Headers = { Host = "rebound.example" } };

        Assert.Equal(HttpStatusCode.BadRequest, (await idp.Http.SendAsync(request, Ct)).StatusCode);
    }
}

[Collection(SqliteHost.Name)]
public sealed class MailDeliveryOnSqlite(SqliteIdp idp) : MailDeliveryTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class MailDeliveryOnPostgreSql(PostgreSqlIdp idp) : MailDeliveryTests(idp);
