"""What models may use, as the settings say: encoders, an LLM and ML backends elsewhere."""

from labelloop.encoders.encoders import Encoders
from labelloop.encoders.open_encoder import NamedEncoder, load_encoder
from labelloop.learners.base import Encode, ModelContext, RemoteAccess
from labelloop.llm.llm_client import LlmClient
from labelloop.settings import Settings
from labelloop.stores.ledger import Ledger
from workers.jobs.llm_costs_of_settings import open_llm_costs


def open_encoders(settings: Settings, *, may_export: bool = True) -> Encoders:
    """Return the encoders of a process; none is opened yet. Where it may not export one, a worker must have done so."""
    how = {} if may_export else {"may_export": False}
    return Encoders(lambda spec: load_encoder(NamedEncoder(spec, settings.cache_dir), **how), settings.cache_dir)


def open_models(settings: Settings, ledger: Ledger, encode: Encode, encoders: Encoders | None = None) -> ModelContext:
    """Return what models may use; no LLM and no backend elsewhere is asked before a model does."""
    costs = open_llm_costs(settings, ledger)
    llm = LlmClient(settings.llm, costs, settings.data_dir) if settings.llm_base_url else None
    return ModelContext(encode, llm=llm, remote=remote_access(settings), encoders=encoders)


def remote_access(settings: Settings) -> RemoteAccess:
    """Return how ML backends elsewhere are asked."""
    return RemoteAccess(
        user=settings.remote_user,
        password=settings.remote_password,
        timeout_s=settings.remote_timeout_s,
        own_url=settings.backend_url,
        own_port=settings.port,
        ca_bundle=settings.ca_bundle,
    )
