using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Outbox;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Mail;

/// <summary>The server as an operator runs it who has not set a mail server yet.</summary>
public sealed class NoMailServerTests(SqliteStore store) : IClassFixture<SqliteStore>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mails_wait_untried_and_the_node_says_why_and_shows_none()
    {
        await using var scope = store.Node.CreateAsyncScope();
        var mail = new NewMail(MailTemplate.BreakGlassUsed, EmailAddress.Parse("zoe@example.test")) { Values = new Dictionary<string, string> { ["person"] = "Zoë", ["time"] = "now" } };
        var message = scope.ServiceProvider.GetRequiredService<MailWriter>().Add(mail);
        await scope.ServiceProvider.GetRequiredService<IdpDbContext>().SaveChangesAsync(Ct);

        var settings = new Dictionary<string, string?>(store.Settings) { ["TenantIdP:Issuer"] = "https://login.example.test" };
        await using var server = ServerProcess.Start(settings, "Production");
        await server.ReadyAsync(Ct);
        await Waiting.UntilAsync(async () => (await RowAsync(message)) is { Attempts: 0, ClaimedBy: null } row && row.DueAt > row.CreatedAt.AddMinutes(1), TimeSpan.FromSeconds(30), "it is put off", Ct);

        Assert.Equal(OutboxState.Pending, (await RowAsync(message)).State);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var ready = JsonDocument.Parse(await http.GetStringAsync(server.Address + "/health/ready", Ct)).RootElement;
        Assert.Equal(("ready", "mail_not_configured"), (ready.GetProperty("status").GetString(), ready.GetProperty("warnings")[0].GetProperty("code").GetString()));
        Assert.Contains("TenantIdP__Mail__Host", server.Output, StringComparison.Ordinal);
        foreach (var path in (string[])["/dev/mail", $"/dev/mail/{message.Id}", $"/dev/mail/{message.Id}/html"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Address + path) { Headers = { Host = "login.example.test" } };
            Assert.Equal(System.Net.HttpStatusCode.NotFound, (await http.SendAsync(request, Ct)).StatusCode);
        }
    }

    private Task<OutboxMessage> RowAsync(OutboxMessage message) =>
        store.UseAsync(null, db => db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(m => m.Id == message.Id, Ct));
}
