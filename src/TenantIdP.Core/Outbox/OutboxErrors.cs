using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Outbox;

public static class OutboxErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "message_not_found", "There is no such message. Delivered ones are kept for three days, dead ones for thirty.");
    public static readonly Error StateInvalid = new(ErrorKind.Invalid, "message_state_invalid", "A state is pending, delivered or dead.", "state");
    public static readonly Error NotDead = new(ErrorKind.Conflict, "message_not_dead", "Only a dead message can be replayed: this one is pending or delivered.");
}
