using TenantIdP.Core.Instance;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Background;
using TenantIdP.Server.Theming;

namespace TenantIdP.Server.Mail;

/// <summary>The handler of the outbox for mails, with the transport that the settings ask for. The writer comes with the store.</summary>
internal static class MailComposition
{
    /// <exception cref="StartupException">A setting is wrong; the message names the key.</exception>
    public static void AddMail(this WebApplicationBuilder builder, IssuerOptions issuer)
    {
        var options = MailOptions.Read(builder.Configuration, builder.Environment);
        var services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(provider => new MailTemplates(provider.GetRequiredService<ThemeFolder>()));
        services.AddSingleton<MailComposer>();
        services.AddHostedService<MailCheck>();
        services.AddOutboxHandler<MailHandler>();
        if (options.HasServer)
        {
            var smtp = new SmtpTransport(options, issuer);
            services.AddSingleton<IMailTransport>(smtp);
        }
        else if (builder.Environment.IsDevelopment() && issuer.IsDevelopmentLoopback)
        {
            var drop = new MailDrop(Path.GetFullPath(options.DropFolder ?? ".data/mail", builder.Environment.ContentRootPath));
            services.AddSingleton(drop);
            services.AddSingleton<IMailTransport>(drop);
        }
        else
        {
            services.AddSingleton<IMailTransport, NoMailServer>();
        }
    }
}

/// <summary>Reads all templates before the server listens, and says when mails have nowhere to go.</summary>
internal sealed class MailCheck(MailTemplates templates, IMailTransport transport, NodeState state, ILogger<MailCheck> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(templates); // made, and so read, by being asked for
        state.MailWaits = transport is NoMailServer;
        if (state.MailWaits) Log.NoMailServer(logger);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
